import { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { receiveHandles } from "../../transport/handle-channel.ts";
import { type LineChannel, openLines } from "../../transport/line-channel.ts";
import { replyOf } from "../control/ask.ts";
import { controlPath } from "../control/control-folder.ts";
import { ownVersion } from "../own-version.ts";
import type { NotifyHeritage } from "../system/systemd-notify.ts";
import { adoptedFile, boundKey, type Holding, letGo } from "../workers/holding.ts";
import { HANDOVER_PROTOCOL, type HeirWord, type Offer } from "./offer.ts";

/** Milliseconds that the running instance may take to answer, and then to send its sockets. */
const PATIENCE = 10_000;

/** The sockets of an instance that runs, in the hands of the one that is to stand in for it. */
export class Takeover {
  /** By key. */
  readonly holdings: readonly Holding[];
  /** What all its workers share, newest first. */
  readonly secrets: readonly Buffer[];
  readonly #channel: LineChannel;
  readonly #offer: Offer;
  readonly #log: Log;
  readonly #used = new Set<Holding>();

  private constructor(channel: LineChannel, offer: Offer, holdings: readonly Holding[], log: Log) {
    this.#channel = channel;
    this.#offer = offer;
    this.#log = log;
    this.holdings = holdings;
    this.secrets = offer.secrets.map((secret) => Buffer.from(secret, "base64"));
  }

  /**
   * Asks the instance of a name for its sockets; undefined when none runs.
   *
   * @throws {MillraceError} `HANDOVER_TIMEOUT`, `HANDOVER_PROTOCOL`, `HANDOVER_UNDER_WAY`, `CANNOT_PASS_SOCKETS`
   */
  static async begin(name: string, log: Log): Promise<Takeover | undefined> {
    const channel = await openLines(controlPath(name));
    if (channel === undefined) return undefined;
    try {
      const offer = await offerOf(channel, name);
      const expected = offer.addresses.reduce((sum, { count }) => sum + count, 0);
      const took = (number: number): void => say(channel, { heir: "took", number });
      const handles = await within(receiveHandles(offer.path, expected, took), name);
      // Fewer come when it has died, and then there is nobody to wait for: the rest is bound anew.
      if (handles.length < expected && !(await hasClosed(channel))) {
        throw new MillraceError("CANNOT_PASS_SOCKETS", `${handles.length} of ${expected} sockets have come.`, {
          hint: "Are there descriptors left? Raise ulimit -n.",
        });
      }
      const holdings = offer.addresses.map(({ key, where, isReusable, count }): Holding => {
        return { key, where, isReusable, handles: handles.splice(0, count), file: adoptedFile(where) };
      });
      const whole = holdings.filter(({ handles: some }) => some.length > 0);
      return new Takeover(channel, offer, whole, log);
    } catch (error) {
      channel.abort();
      throw error;
    }
  }

  /** How systemd hears of the other one. */
  get notify(): NotifyHeritage | undefined {
    return this.#offer.notify;
  }

  /** The sockets of an address, which whoever asks has from now on. */
  take(key: string): Holding | undefined {
    const isMeant = (holding: Holding): boolean => holding.key === key || boundKey(holding) === key;
    const found = this.holdings.find(isMeant);
    if (found !== undefined) this.#used.add(found);
    return found;
  }

  /** All that is left, for somebody who sees to what nobody needs. */
  takeAll(): readonly Holding[] {
    const rest = this.holdings.filter((holding) => !this.#used.has(holding));
    for (const holding of rest) this.#used.add(holding);
    return rest;
  }

  /** This process listens, and has the name: the other one may go. What has not been taken is closed. */
  complete(): void {
    this.#closeRest();
    say(this.#channel, { heir: "ready", keys: [...this.#used].map(({ key }) => key) });
    this.#channel.end();
    const { pid, version } = this.#offer;
    this.#log.write("info", "Took over", { pid, version });
  }

  /** This process does not start: the other one goes on. */
  abandon(): void {
    for (const { file } of this.holdings) file?.disown();
    this.#closeRest();
    this.#channel.abort();
  }

  #closeRest(): void {
    for (const holding of this.holdings) {
      if (this.#used.has(holding)) continue;
      // An address that only the other one has: it is in use until that one goes, and removes its file.
      holding.file?.disown();
      letGo(holding);
    }
  }
}

async function offerOf(channel: LineChannel, name: string): Promise<Offer> {
  const self = { pid: process.pid, version: ownVersion() };
  const asking = replyOf(channel, { command: "takeover", protocol: HANDOVER_PROTOCOL, ...self });
  const reply = await within(asking, name);
  if (reply.ok) return reply.result as Offer;
  const { code, message, hint, place } = reply.error;
  throw new MillraceError(code, message, { hint, place });
}

function say(channel: LineChannel, word: HeirWord): void {
  channel.send(JSON.stringify(word));
}

async function hasClosed(channel: LineChannel): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  // Its two sockets do not close in the same turn.
  const timer = setTimeout(() => resolve(false), 1000);
  void channel.closed.then(() => resolve(true));
  const isClosed = await promise;
  clearTimeout(timer);
  return isClosed;
}

async function within<T>(work: Promise<T>, name: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = (): void =>
    reject(
      new MillraceError("HANDOVER_TIMEOUT", `The instance ${name} does not hand over: it does not answer.`, {
        hint: "Look whether it is stopped or stuck, and end it if so.",
      }),
    );
  const timer = setTimeout(late, PATIENCE);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
