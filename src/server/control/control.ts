import { MillraceError } from "../../base/errors.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import type { Selection } from "../../cache/store.ts";
import { type LineChannel, type LineListener, listenForLines } from "../../transport/line-channel.ts";
import type { Call, CommandEntry } from "../commands.ts";
import { controlPath, nameInUse } from "./control-folder.ts";
import type { Asked } from "../handover/giving.ts";
import type { Offer } from "../handover/offer.ts";
import type { Command, Reply, Status } from "./protocol.ts";

/** What is controlled. */
export interface Controlled {
  status(): MaybePromise<Omit<Status, "name">>;
  /** @returns what is to be told of it */
  reload(wait: boolean): Promise<unknown>;
  stop(): void;
  clear(selection: Selection, soft: boolean): unknown;
  reopenLogs(): Promise<void>;
  /** Another process wants to stand in for it. */
  give(asked: Asked, channel: LineChannel, control: Control): Promise<Offer>;
  /** The commands of its own. */
  commands(): readonly CommandEntry[];
  /** Runs one of them. @param signal aborts when whoever asks is gone */
  call(call: Call, signal: AbortSignal): Promise<unknown>;
}

/** The socket by which others of this user control a server: one for each instance, found by its name. */
export class Control {
  readonly name: string;
  readonly #subject: Controlled;
  #listener: LineListener | undefined;

  private constructor(name: string, subject: Controlled) {
    this.name = name;
    this.#subject = subject;
  }

  /**
   * @param isReplacing whether the name is taken from another instance, which answers until then
   * @throws {MillraceError} `NAME_IN_USE`, `CONTROL_FOLDER`, `PATH_TOO_LONG`
   */
  static async open(name: string, subject: Controlled, isReplacing = false): Promise<Control> {
    const control = new Control(name, subject);
    try {
      await control.#listen(isReplacing);
    } catch (error) {
      if ((error as MillraceError).code !== "PATH_IN_USE") throw error;
      throw nameInUse(name);
    }
    // A process that ends by `exit` leaves its socket behind.
    process.once("exit", () => control.#listener?.file.remove());
    return control;
  }

  /**
   * Opens it under the name, or the first of `name-2`, `name-3` … that nobody has. Several that start at once each find one.
   *
   * @returns undefined where there can be none: it was not asked for
   */
  static async openLike(name: string, subject: Controlled): Promise<Control | undefined> {
    for (let next = name, count = 2; ; next = `${name}-${count++}`) {
      try {
        return await Control.open(next, subject);
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        if (error.code !== "NAME_IN_USE") return undefined;
      }
    }
  }

  async #listen(isReplacing: boolean): Promise<void> {
    this.#listener = await listenForLines(controlPath(this.name), (channel) => this.#accept(channel), isReplacing);
  }

  /** Takes the name back from somebody who is gone. */
  async reclaim(): Promise<void> {
    if (this.#listener === undefined || this.#listener.file.isThere) return;
    this.#listener.close();
    await this.#listen(true);
  }

  close(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  #accept(channel: LineChannel): void {
    // One after the other, as they were asked.
    let turn: Promise<void> = Promise.resolve();
    const gone = new AbortController();
    void channel.closed.then(() => gone.abort());
    channel.onLine = (line) => {
      turn = turn.then(async () => channel.send(JSON.stringify(await this.#reply(line, gone.signal, channel))));
    };
  }

  async #reply(line: string, gone: AbortSignal, channel: LineChannel): Promise<Reply> {
    try {
      return { ok: true, result: await this.#result(JSON.parse(line) as Command, gone, channel) };
    } catch (error) {
      if (error instanceof MillraceError) {
        const { code, message, hint, place } = error;
        return { ok: false, error: { code, message, hint, place } };
      }
      const { message } = error as Error;
      return { ok: false, error: { code: "CONTROL_FAILED", message, hint: undefined, place: undefined } };
    }
  }

  async #result(asked: Command, gone: AbortSignal, channel: LineChannel): Promise<unknown> {
    switch (asked.command) {
      case "ping":
        return "pong";
      case "status":
        return { name: this.name, ...(await this.#subject.status()) };
      case "reload":
        return this.#subject.reload(asked.wait === true);
      case "stop":
        // The reply goes first.
        setImmediate(() => this.#subject.stop());
        return "stopping";
      case "reopen":
        return this.#subject.reopenLogs().then(() => "reopened");
      case "clear":
        return this.#subject.clear(asked.selection, asked.soft === true);
      case "takeover":
        return this.#subject.give(asked, channel, this);
      case "commands":
        return this.#subject.commands();
      case "call":
        return this.#subject.call({ name: asked.name, args: asked.args }, gone);
      default:
        throw new MillraceError("UNKNOWN_COMMAND", `There is no command ${JSON.stringify(asked)}.`);
    }
  }
}
