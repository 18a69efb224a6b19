import { execFile } from "node:child_process";
import type { Log } from "../../base/log.ts";

/** Milliseconds that one message may take: the program waits up to 5 s until systemd has read it. */
const PATIENCE = 6000;

type Environment = Record<string, string | undefined>;

/** What a process leaves to the one that stands in for it, so that the same systemd hears of that. */
export interface NotifyHeritage {
  /** As in `NOTIFY_SOCKET`. */
  readonly socket: string;
  /** Milliseconds; undefined when systemd does not want to hear that the server lives. */
  readonly watchdog?: number | undefined;
}

/**
 * Word to systemd, sd_notify(3): that the server is ready, reloads, stops, lives.
 *
 * Messages are datagrams to a unix socket, which Node cannot send. The program `systemd-notify` sends them; see decision
 * 0023. Nothing here throws or makes the server wait, except who awaits what is returned.
 */
export class SystemdNotify {
  /** Milliseconds within which systemd wants to hear that the server lives; undefined when it does not. */
  readonly watchdog: number | undefined;
  readonly #socket: string;
  readonly #log: Log;
  /** The message before: they arrive in their order. */
  #last: Promise<void> = Promise.resolve();
  #isFailing = false;

  /** What this process leaves to its heir. */
  get heritage(): NotifyHeritage {
    return { socket: this.#socket, watchdog: this.watchdog };
  }

  private constructor(socket: string, watchdog: number | undefined, log: Log) {
    this.#socket = socket;
    this.watchdog = watchdog;
    this.#log = log;
  }

  /**
   * Undefined when systemd does not wait for word. The variables are taken out of the environment: what this process
   * starts would speak in its name.
   */
  static take(log: Log, environment: Environment = process.env): SystemdNotify | undefined {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid } = environment;
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[name];
    if (!isAddress(socket)) return undefined;
    const isOurs = pid === undefined || pid === "" || pid === String(process.pid);
    const watchdog = isOurs && /^[1-9]\d*$/.test(microseconds ?? "") ? Number(microseconds) / 1000 : undefined;
    return new SystemdNotify(socket, watchdog, log);
  }

  /** What this process has itself comes first. Undefined when neither has anything. */
  static inherit(
    own: SystemdNotify | undefined,
    { socket, watchdog }: NotifyHeritage,
    log: Log,
  ): SystemdNotify | undefined {
    if (own?.watchdog !== undefined || !isAddress(socket)) return own;
    // systemd.service(5): what is run beside the main process, as by ExecReload=, is not told of the watchdog.
    return own === undefined || own.#socket === socket ? new SystemdNotify(socket, watchdog, log) : own;
  }

  /** Everything listens. @param status one line for `systemctl status` */
  ready(status: string): Promise<void> {
    // With the number of this process: it may stand in for one that systemd knew.
    return this.#send([`--pid=${process.pid}`, "READY=1", `STATUS=${oneLine(status)}`]);
  }

  /** A reload begins; `ready` ends it, whatever came of it. */
  reloading(): Promise<void> {
    // sd_notify(3): systemd tells by the time whether it has asked for this one.
    const microseconds = process.hrtime.bigint() / 1000n;
    return this.#send(["RELOADING=1", `MONOTONIC_USEC=${microseconds}`, "STATUS=Reloading"]);
  }

  /**
   * Another process stands in for this one: systemd watches that from now on. Resolves when it has heard so, which has to
   * be before this one ends.
   */
  replaced(pid: number): Promise<void> {
    return this.#send([`--pid=${pid}`]);
  }

  stopping(): Promise<void> {
    return this.#send(["STOPPING=1", "STATUS=Letting answers end"]);
  }

  alive(): Promise<void> {
    return this.#send(["WATCHDOG=1"]);
  }

  #send(args: readonly string[]): Promise<void> {
    this.#last = this.#last.then(() => this.#run(args));
    return this.#last;
  }

  #run(args: readonly string[]): Promise<void> {
    const options = { env: { ...process.env, NOTIFY_SOCKET: this.#socket }, timeout: PATIENCE };
    return new Promise((resolve) => {
      execFile("systemd-notify", [...args], options, (error, _, stderr) => {
        if (error === null) this.#isFailing = false;
        else this.#fail(error, stderr);
        resolve();
      });
    });
  }

  /** Told once in a row: the watchdog would tell it again and again. */
  #fail(error: Error & { readonly code?: unknown }, stderr: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const why = error.code === "ENOENT" ? "there is no program systemd-notify" : stderr.trim() || error.message;
    this.#log.write("error", `systemd hears nothing of this server: ${why}`);
  }
}

/** sd_notify(3): a path, or with "@" a name in the abstract namespace. */
function isAddress(socket: string | undefined): socket is string {
  return socket !== undefined && /^[/@]./.test(socket);
}

function oneLine(text: string): string {
  return text.replaceAll("\n", " ");
}
