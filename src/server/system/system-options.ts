import type { LogFileOptions } from "../file-log.ts";
import type { ListenOption } from "../listen-option.ts";

/** What a server is to the system that runs it. Part of the options of a server. */
export interface SystemOptions {
  /**
   * A file that holds the number of this process while it listens, for programs that send signals. Another process's is
   * replaced; it is removed at the end. With `workers` it is that of the primary. Default: none.
   */
  readonly pidFile?: string | undefined;
  /**
   * Whether systemd is told that the server is ready, reloads, stops and lives (sd_notify, `Type=notify`). Default: when it
   * waits for that, which `NOTIFY_SOCKET` says. `true` warns when it does not; `false` tells nothing.
   */
  readonly systemd?: boolean | undefined;
  /**
   * Where to answer `/livez`, `/readyz` and `/status`, as one of `listen` is written; a port alone is one of this machine:
   * `9090` is `"127.0.0.1:9090"`. With `workers` the primary answers. Default: nowhere.
   *
   * Danger: whoever can connect there learns addresses, workers, tasks and versions.
   */
  readonly admin?: ListenOption | undefined;
  /**
   * A file for the messages of the server, in place of standard error; JSON lines unless `log` says `"text"`. Default: none.
   * The access log has its own: `accessLog({ to, rotate })`.
   */
  readonly logFile?: string | LogFileOptions | undefined;
  /**
   * Whom the server becomes once its addresses are bound, if root has started it: a name, or a number. With `workers` they
   * are that user from their first line on, and the primary stays root, which binds and reloads. Default: who starts it.
   *
   * Danger: without workers the program itself, and `onStartup`, still run as root.
   */
  readonly user?: string | number | undefined;
  /** The group that goes with `user`. Default: that user's own. */
  readonly group?: string | number | undefined;
}
