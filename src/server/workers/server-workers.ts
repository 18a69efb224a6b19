import type { ListenAddress } from "../../transport/connection.ts";
import type { WebServer } from "../web-server.ts";
import { enrol } from "./enrolment.ts";
import type { Dispatch } from "./messages.ts";
import type { Legacy, Primary } from "./primary.ts";

const DISPATCH: Dispatch = "reuse-port";

/** The workers that serve a server in place of its own process: from its start, or from its first reload on. */
export class ServerWorkers {
  readonly #server: WebServer;
  readonly #onReload: (over: Promise<unknown>) => void;
  #number = 0;
  #primary: Primary | undefined;

  /** @param onReload told that a reload is under way, with what resolves or rejects when it is over */
  constructor(server: WebServer, onReload: (over: Promise<unknown>) => void) {
    this.#server = server;
    this.#onReload = onReload;
  }

  /** The number of the server among those of the program. */
  get number(): number {
    return this.#number;
  }

  /** Who keeps them; undefined while there are none. */
  get primary(): Primary | undefined {
    return this.#primary;
  }

  /** Where they listen; undefined while there are none. */
  get addresses(): readonly ListenAddress[] | undefined {
    return this.#primary?.addresses(this.#number);
  }

  /** The server begins to start. @returns its number */
  enrol(): number {
    return (this.#number = enrol());
  }

  /** Starts them, and resolves when all of them listen. @param legacy gives what there is already */
  async start(count: number | "auto", legacy: () => Legacy | undefined): Promise<void> {
    const { options, log } = this.#server;
    const { fleet } = await import("./fleet.ts");
    const primary = fleet(count, options.dispatch ?? DISPATCH, log, legacy());
    this.lead(primary);
    await primary.started(this.enrol());
  }

  /** They have been started by somebody else, in place of what this process has served. */
  lead(primary: Primary): void {
    this.#primary = primary;
    primary.onWorkerExit(({ id: worker, pid }, cause) => {
      const how =
        typeof cause === "number" ? { code: cause, signal: null } : { code: null, signal: cause as NodeJS.Signals };
      void this.#server.hooks.safeCall("workerExit", { worker, pid, ...how });
    });
    primary.generations.onReload = this.#onReload;
  }

  /** Starts the program anew in others, or in a first one. @throws {MillraceError} why it cannot start */
  async reload(): Promise<void> {
    const { whileReloading } = await import("../handover/succession.ts");
    await whileReloading(async () => {
      if (this.#primary !== undefined) return this.#primary.generations.reload();
      const { promote } = await import("./promotion.ts");
      const over = promote(this.#server.options.dispatch ?? DISPATCH, this.#server.log);
      this.#onReload(over);
      await over;
    });
  }
}
