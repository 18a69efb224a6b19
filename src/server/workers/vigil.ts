import type { Log } from "../../base/log.ts";
import type { Worker } from "./worker.ts";

/** Milliseconds between two looks. */
const INTERVAL = 250;
/** Milliseconds without a word after which a worker is taken for stuck. */
const STUCK = 5000;
/** Milliseconds that a stuck worker has to end by itself. */
const GRACE = 2000;
/** Milliseconds that a worker may take until its servers listen. */
const START = 30_000;

/** Ends workers whose event loop stands still, and those that never come to listen. */
export class Vigil {
  readonly #log: Log;
  readonly #workers: () => readonly Worker[];
  readonly #timer: NodeJS.Timeout;
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
      if (wasAway) worker.heard = now;
      else if (worker.state === "starting" && now - worker.began > START) {
        this.#log.write("error", "A worker does not come to listen", { worker: worker.id, pid: worker.pid });
        worker.kill("SIGKILL");
      } else if (worker.state === "ready" && now - worker.heard > STUCK) this.#end(worker);
    }
  }

  #end(worker: Worker): void {
    this.#log.write("error", "A worker does not respond", { worker: worker.id, pid: worker.pid });
    const since = performance.now();
    worker.heard = since;
    worker.kill("SIGTERM");
    const mayKill = (): void => {
      // Who has said something since was only late, and goes in good order.
      if (worker.heard === since && worker.state !== "gone") worker.kill("SIGKILL");
    };
    setTimeout(mayKill, GRACE).unref();
  }
}
