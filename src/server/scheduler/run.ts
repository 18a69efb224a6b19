import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import { alarm } from "./alarm.ts";
import { milliseconds } from "./duration.ts";
import { sleep } from "./sleep.ts";
import type { Task } from "./task.ts";

/** Milliseconds without giving way after which a task is said to hold up everything else in its process. */
const HOLDING_UP = 100;

/** How a {@link Run} ended. */
export interface Outcome {
  readonly started: Date;
  readonly duration: number;
  /** What it threw, when it threw. */
  readonly failure?: { readonly error: unknown } | undefined;
}

/** One run of a task. */
export class Run {
  readonly #task: Task;
  readonly #due: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #abort = new AbortController();
  /** When its sleeps end, on the monotonic clock. */
  readonly #sleeps = new Set<{ readonly end: number }>();

  /** @param due Milliseconds since the epoch. */
  constructor(task: Task, due: number, clock: Clock, log: Log) {
    this.#task = task;
    this.#due = due;
    this.#clock = clock;
    this.#log = log;
  }

  get isAborted(): boolean {
    return this.#abort.signal.aborted;
  }

  /** The end of the sleep that is over first, on the monotonic clock; undefined when it does not sleep. */
  get wakes(): number | undefined {
    return this.#sleeps.size === 0 ? undefined : Math.min(...[...this.#sleeps].map(({ end }) => end));
  }

  /** Tells it to come to an end. */
  abort(): void {
    this.#abort.abort();
  }

  /** Runs the task to its end. Never rejects. */
  async go(): Promise<Outcome> {
    const { name, slow } = this.#task;
    const start = this.#clock.now();
    const started = new Date(this.#clock.wall());
    const took = (): number => this.#clock.now() - start;
    const warn = (): void =>
      this.#log.write("warn", "A task is slow", { task: name, milliseconds: Math.round(took()) });
    const stop = slow === Infinity ? undefined : alarm(this.#clock, () => slow - took(), warn);
    try {
      await this.#call();
      return { started, duration: took() };
    } catch (error) {
      return { started, duration: took(), failure: this.#isObedience(error) ? undefined : { error } };
    } finally {
      stop?.();
    }
  }

  #call(): MaybePromise<unknown> {
    const { name, run } = this.#task;
    const { signal } = this.#abort;
    const start = this.#clock.now();
    try {
      return run({ name, due: new Date(this.#due), signal, sleep: (duration) => this.#sleep(milliseconds(duration)) });
    } finally {
      const held = this.#clock.now() - start;
      if (held > HOLDING_UP) {
        this.#log.write("warn", "A task held up everything else", { task: name, milliseconds: Math.round(held) });
      }
    }
  }

  async #sleep(duration: number): Promise<void> {
    const entry = { end: this.#clock.now() + duration };
    this.#sleeps.add(entry);
    try {
      await sleep(this.#clock, duration, this.#abort.signal);
    } finally {
      this.#sleeps.delete(entry);
    }
  }

  /** Whether an error says no more than that the task ended when it was told to. */
  #isObedience(error: unknown): boolean {
    const { aborted, reason } = this.#abort.signal;
    return aborted && (error === reason || (error instanceof Error && error.name === "AbortError"));
  }
}
