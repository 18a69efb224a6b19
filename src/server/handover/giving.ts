import { MillraceError } from "../../base/errors.ts";
import type { Log, LogLevel } from "../../base/log.ts";
import { HandleSender } from "../../transport/handle-channel.ts";
import type { LineChannel } from "../../transport/line-channel.ts";
import type { NotifyHeritage } from "../system/systemd-notify.ts";
import type { Holding } from "../workers/holding.ts";
import { HANDOVER_PROTOCOL, type HeirWord, type Offer, type Party } from "./offer.ts";
import { beginHandover, endHandover } from "./succession.ts";

/** What is given, and who hears of it. */
export interface GivingParts {
  readonly log: Log;
  readonly self: Party;
  /** Where the sockets are sent. */
  readonly path: string;
  readonly holdings: () => Promise<readonly Holding[]>;
  readonly secrets: () => readonly Buffer[];
  /** How systemd hears of this process. */
  readonly notify: NotifyHeritage | undefined;
  /** The heir listens at these addresses: this process may go. */
  readonly onReady: (heir: Party, keys: ReadonlySet<string>) => void;
  /** The heir is gone before that: this process goes on. */
  readonly onFailure: () => void;
}

/** What an heir asks for. */
export interface Asked extends Party {
  readonly protocol: number;
}

/**
 * Gives the listening sockets of this process to another one, which has asked for them over the control socket.
 *
 * Until the heir says that it listens nothing changes here: both accept on the same sockets. If its channel closes before
 * that, however it ended, nothing has happened.
 *
 * @throws {MillraceError} `HANDOVER_PROTOCOL`, `HANDOVER_UNDER_WAY`, `CANNOT_PASS_SOCKETS`
 */
export async function give(asked: Asked, channel: LineChannel, parts: GivingParts): Promise<Offer> {
  if (asked.protocol !== HANDOVER_PROTOCOL) {
    const versions = `millrace ${parts.self.version} speaks version ${HANDOVER_PROTOCOL}, ${asked.version} asks for ${asked.protocol}`;
    throw new MillraceError("HANDOVER_PROTOCOL", `The two cannot hand over to each other: ${versions}.`, {
      hint: "Stop the running instance and start the new one.",
    });
  }
  await beginHandover(asked.pid);
  try {
    const holdings = await parts.holdings();
    const sender = await HandleSender.open(parts.path);
    new Giving(asked, channel, parts, sender, holdings).begin();
    const addresses = holdings.map(({ key, where, isReusable, handles }) => {
      return { key, where, isReusable, count: handles.length };
    });
    const secrets = parts.secrets().map((secret) => secret.toString("base64"));
    return { ...parts.self, path: parts.path, addresses, secrets, notify: parts.notify };
  } catch (error) {
    endHandover();
    throw error;
  }
}

class Giving {
  readonly #heir: Party;
  readonly #channel: LineChannel;
  readonly #parts: GivingParts;
  readonly #sender: HandleSender;
  readonly #holdings: readonly Holding[];
  #sent = 0;
  #isOver = false;

  constructor(
    heir: Party,
    channel: LineChannel,
    parts: GivingParts,
    sender: HandleSender,
    holdings: readonly Holding[],
  ) {
    this.#heir = heir;
    this.#channel = channel;
    this.#parts = parts;
    this.#sender = sender;
    this.#holdings = holdings;
  }

  begin(): void {
    this.#channel.onLine = (line) => this.#hear(JSON.parse(line) as HeirWord);
    void this.#channel.closed.then(() => this.#fail());
    this.#send();
  }

  #hear(word: HeirWord): void {
    if (word.heir === "took" && word.number === this.#sent) this.#send();
    else if (word.heir === "ready") this.#finish(new Set(word.keys));
  }

  #send(): void {
    const handle = this.#holdings.flatMap(({ handles }) => handles)[this.#sent++];
    if (handle !== undefined) this.#sender.send(handle).catch(() => this.#channel.end());
    else this.#log("info", "Handing over");
  }

  #log(level: LogLevel, message: string): void {
    const { pid, version } = this.#heir;
    this.#parts.log.write(level, message, { pid, version });
  }

  #finish(keys: ReadonlySet<string>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sender.close();
    const { pid, version } = this.#heir;
    this.#log("info", "Handed over");
    this.#parts.onReady({ pid, version }, keys);
  }

  #fail(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sender.close();
    endHandover();
    this.#log("warn", "A process that was to take over is gone: nothing has changed");
    this.#parts.onFailure();
  }
}
