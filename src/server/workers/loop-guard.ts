import { url as debuggerUrl } from "node:inspector";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { SourcePlace } from "../../base/errors.ts";

/** What the thread of a guard is told. */
export interface GuardOrder {
  /** Counts up as long as the event loop turns. */
  readonly beats: Int32Array;
  /** Milliseconds without that until what holds it is ended. */
  readonly limit: number;
  /** Milliseconds between two looks. */
  readonly interval: number;
}

/** Where the main thread was in files, innermost first. */
export type StuckAt = readonly SourcePlace[];

/** Looks within the limit. */
const LOOKS = 10;

/**
 * Ends what holds the event loop of this process for too long, such as an endless loop: nothing else could, since nothing
 * else is run. The process goes on with its next event; whoever awaited what was ended waits for ever, and so learns of
 * it from here.
 *
 * A thread watches, which has no more to do with the loop than a counter. It costs some 30 ms of a processor to begin.
 *
 * Calls into the system that do not return cannot be ended. Who debugs the program may take all the time there is.
 */
export class LoopGuard {
  readonly #timer: NodeJS.Timeout;
  readonly #thread: Worker;

  private constructor(limit: number, onStuck: (at: StuckAt) => void) {
    const beats = new Int32Array(new SharedArrayBuffer(4));
    const interval = limit / LOOKS;
    this.#timer = setInterval(() => Atomics.add(beats, 0, 1), interval).unref();
    const file = new URL(`./loop-guard-thread${extname(import.meta.url)}`, import.meta.url);
    this.#thread = new Worker(file, {
      workerData: { beats, limit, interval } satisfies GuardOrder,
      env: {},
      execArgv: [],
    });
    this.#thread.unref();
    this.#thread.on("message", onStuck);
    // Then nobody watches, as where threads are forbidden.
    this.#thread.on("error", () => {});
  }

  /** @param limit milliseconds @returns undefined where nothing can be watched */
  static begin(limit: number, onStuck: (at: StuckAt) => void): LoopGuard | undefined {
    if (debuggerUrl() !== undefined) return undefined;
    try {
      return new LoopGuard(limit, onStuck);
    } catch {
      return undefined;
    }
  }

  end(): void {
    clearInterval(this.#timer);
    void this.#thread.terminate();
  }
}
