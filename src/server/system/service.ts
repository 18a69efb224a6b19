import { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ServerOptions } from "../options.ts";
import { checkDescriptors } from "./descriptors.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { PidFile } from "./pid-file.ts";
import { become, giveLogs, type Identity, identityOf, setIdentityOfWorkers } from "./privileges.ts";
import { type NotifyHeritage, SystemdNotify } from "./systemd-notify.ts";

/** The server whose {@link Service} this is. */
export interface Serving {
  /** Its addresses, as URLs. */
  readonly urls: readonly string[];
  /** Whether it, or one of its workers, is known to do something. */
  isAlive(): boolean;
}

const NOT_HEARD = "systemd does not wait for word: NOTIFY_SOCKET is not set. Its unit needs Type=notify.";

/**
 * What a server is to the system that runs it: the process that others know of, which is the only one or the primary of
 * workers. Told of each turn of the server's life.
 */
export class Service {
  readonly #options: ServerOptions;
  readonly #log: Log;
  #pidFile: PidFile | undefined;
  #notify: SystemdNotify | undefined;
  #identity: Identity | undefined;
  #endHeartbeat = (): void => {};

  constructor(options: ServerOptions, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  /** Whether this process is to become somebody else, once it has bound its addresses. */
  get isToDrop(): boolean {
    return this.#identity !== undefined && this.#options.workers === undefined;
  }

  /** Nothing listens yet. @throws {MillraceError} `NOT_ROOT`, `NO_SUCH_USER`, `NO_SUCH_GROUP` */
  starting(): void {
    const { maxConnections, systemd, user, group } = this.#options;
    checkDescriptors(this.#log, maxConnections);
    this.#identity = identityOf(user, group, this.#log);
    if (this.isToDrop && this.#options.takeover === true) {
      // Its control socket would have to be another's before it listens: a start that fails would leave none.
      throw new MillraceError(
        "BAD_OPTION",
        "One process that becomes another user cannot take over from an instance.",
        {
          hint: "Start it with --workers 1 or more.",
        },
      );
    }
    if (this.#identity !== undefined) {
      giveLogs(this.#identity);
      setIdentityOfWorkers(this.#identity);
    }
    if (systemd === false) return;
    this.#notify = SystemdNotify.take(this.#log);
  }

  /** What an heir of this process goes on with; undefined when systemd hears nothing of it. */
  get heritage(): NotifyHeritage | undefined {
    return this.#notify?.heritage;
  }

  /** This process stands in for another one, of which systemd has heard. */
  inherit(heritage: NotifyHeritage | undefined): void {
    if (heritage === undefined || this.#options.systemd === false) return;
    this.#notify = SystemdNotify.inherit(this.#notify, heritage, this.#log);
  }

  /** All addresses are bound, and nobody has been accepted yet. @throws {MillraceError} `PID_FILE`, `NOT_DROPPED` */
  bound(): void {
    if (!this.isToDrop) return;
    this.#writePidFile();
    become(this.#identity!);
    // Those that it starts are who it is now.
    setIdentityOfWorkers(undefined);
    this.#identity = undefined;
  }

  /** Everything listens. @throws {MillraceError} `PID_FILE` */
  listening(serving: Serving): void {
    this.#writePidFile();
    if (this.#notify === undefined) {
      if (this.#options.systemd === true) this.#log.write("warn", NOT_HEARD);
      return;
    }
    void this.#notify.ready(statusOf(serving));
    this.#endHeartbeat = startHeartbeat(this.#notify, () => serving.isAlive());
  }

  #writePidFile(): void {
    const { pidFile } = this.#options;
    if (pidFile === undefined || this.#pidFile !== undefined) return;
    this.#pidFile = new PidFile(pidFile);
    this.#pidFile.write();
  }

  /** A reload is under way. @param over resolves or rejects when it is over */
  reloading(over: Promise<unknown>, serving: Serving): void {
    const notify = this.#notify;
    if (notify === undefined) return;
    void notify.reloading();
    const ready = (): void => void notify.ready(statusOf(serving));
    over.then(ready, ready);
  }

  /**
   * Another process stands in for this one, which is about to end. Resolves when systemd knows: that its main process ends
   * would be the end of the service.
   */
  async replaced(pid: number): Promise<void> {
    // From now on it is for the other to tell that it lives.
    this.#endHeartbeat();
    await this.#notify?.replaced(pid);
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
