import type { Log } from "../../base/log.ts";
import { STUCK } from "./messages.ts";
import type { Worker } from "./worker.ts";

/** Milliseconds between two looks. */
const INTERVAL = 250;
/** Milliseconds that a stuck worker has to end by itself. */
const GRACE = 2000;
/** Milliseconds that a worker may take until its servers listen. */
const START = 30_000;

/** Ends workers whose event loop stands still, and those that never come to listen. */
export class Vigil {
  readonly #log: Log;
  readonly #workers: () => readonly Worker[];
  readonly #timer: NodeJS.Timeout;
  /** Those that have been told to end, and have a moment to do so. */
  readonly #warned = new Set<Worker>();
  #looked = performance.now();

  constructor(log: Log, workers: () => readonly Worker[]) {
    this.#log = log;
    this.#workers = workers;
    this.#timer = setInterval(() => this.#look(), INTERVAL).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    // This process itself was stopped (SIGSTOP, a machine under pressure): the words of the workers are still unread.
    const wasAway = now - this.#looked > 4 * INTERVAL;
    this.#looked = now;
    for (const worker of this.#workers()) {
      const { start = START, stuck = STUCK } = worker.timeouts;
      if (wasAway) worker.heard = now;
      else if (worker.state === "starting" && now - worker.began > start) {
        const { id, pid } = worker;
        this.#log.write("error", "A worker does not come to listen", { worker: id, pid, limit: start });
        worker.kill("SIGKILL");
      } else if (worker.state === "ready" && now - worker.heard > stuck && !this.#warned.has(worker)) this.#end(worker);
    }
  }

  #end(worker: Worker): void {
    this.#log.write("error", "A worker does not respond", { worker: worker.id, pid: worker.pid });
    const { heard } = worker;
    this.#warned.add(worker);
    worker.kill("SIGTERM");
    const mayKill = (): void => {
      this.#warned.delete(worker);
      // Who has said something since was only late, and goes in good order.
      if (worker.heard === heard && worker.state !== "gone") worker.kill("SIGKILL");
    };
    setTimeout(mayKill, GRACE).unref();
  }
}
