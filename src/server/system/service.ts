import type { Log } from "../../base/log.ts";
import type { ServerOptions } from "../options.ts";
import { checkDescriptors } from "./descriptors.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { PidFile } from "./pid-file.ts";
import { SystemdNotify } from "./systemd-notify.ts";

/** The server whose {@link Service} this is. */
export interface Serving {
  /** Its addresses, as URLs. */
  readonly urls: readonly string[];
  /** Whether it, or one of its workers, is known to do something. */
  isAlive(): boolean;
}

/**
 * What a server is to the system that runs it: the process that others know of, which is the only one or the primary of
 * workers. Told of each turn of the server's life.
 */
export class Service {
  readonly #options: ServerOptions;
  readonly #log: Log;
  #pidFile: PidFile | undefined;
  #notify: SystemdNotify | undefined;
  #endHeartbeat = (): void => {};

  constructor(options: ServerOptions, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  /** Nothing listens yet. */
  starting(): void {
    const { maxConnections, systemd } = this.#options;
    checkDescriptors(this.#log, maxConnections);
    if (systemd === false) return;
    this.#notify = SystemdNotify.take(this.#log);
    if (systemd === true && this.#notify === undefined) {
      this.#log.write("warn", "systemd does not wait for word: NOTIFY_SOCKET is not set. Its unit needs Type=notify.");
    }
  }

  /** Everything listens. @throws {MillraceError} `PID_FILE` */
  listening(serving: Serving): void {
    const { pidFile } = this.#options;
    if (pidFile !== undefined) {
      this.#pidFile = new PidFile(pidFile);
      this.#pidFile.write();
    }
    if (this.#notify === undefined) return;
    void this.#notify.ready(statusOf(serving));
    this.#endHeartbeat = startHeartbeat(this.#notify, () => serving.isAlive());
  }

  /** A reload is under way. @param over resolves or rejects when it is over */
  reloading(over: Promise<unknown>, serving: Serving): void {
    const notify = this.#notify;
    if (notify === undefined) return;
    void notify.reloading();
    const ready = (): void => void notify.ready(statusOf(serving));
    over.then(ready, ready);
  }

  /** The server is about to stop. @param isReplaced whether another one goes on in its place */
  stopping(isReplaced: boolean): void {
    if (!isReplaced) void this.#notify?.stopping();
  }

  /** Nothing is left. */
  stopped(): void {
    this.#endHeartbeat();
    this.#pidFile?.remove();
  }
}

function statusOf({ urls }: Serving): string {
  return `Serving ${urls.join(", ")}`;
}
