import type { Log } from "../../base/log.ts";
import type { ServerOptions } from "../options.ts";
import { checkDescriptors } from "./descriptors.ts";
import { PidFile } from "./pid-file.ts";

/**
 * What a server is to the system that runs it: the process that others know of, which is the only one or the primary of
 * workers. Told of each turn of the server's life.
 */
export class Service {
  readonly #options: ServerOptions;
  readonly #log: Log;
  #pidFile: PidFile | undefined;

  constructor(options: ServerOptions, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  /** Nothing listens yet. */
  starting(): void {
    checkDescriptors(this.#log, this.#options.maxConnections);
  }

  /** Everything listens. @throws {MillraceError} `PID_FILE` */
  listening(): void {
    const { pidFile } = this.#options;
    if (pidFile === undefined) return;
    this.#pidFile = new PidFile(pidFile);
    this.#pidFile.write();
  }

  /** Nothing is left. */
  stopped(): void {
    this.#pidFile?.remove();
  }
}
