import { callerPlace, MillraceError, type SourcePlace } from "../../base/errors.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import { type Duration, milliseconds } from "./duration.ts";
import type { Schedule } from "./schedule.ts";

/** What a task is given each time that it runs. */
export interface TaskRun {
  /** The name of the task. */
  readonly name: string;
  /** When the run was due; it may have begun a little later. */
  readonly due: Date;
  /** Aborts when the task is removed or the server stops: come to an end. */
  readonly signal: AbortSignal;
  /** Resolves when the duration is over; rejects when `signal` aborts, which ends the run and is no failure. */
  sleep(duration: Duration): Promise<void>;
}

/** When and how a task runs. */
export interface TaskOptions {
  /** When it is due: `every(…)` or `cron(…)`. Default: once, at the start. */
  readonly when?: Schedule | undefined;
  /**
   * What happens when it is due and still runs. `"skip"`: nothing. `"queue"`: it runs again as soon as it has ended,
   * once, however often it was due. `"parallel"`: it runs beside itself, up to 100 times. Default: `"skip"`.
   */
  readonly overlap?: "skip" | "queue" | "parallel" | undefined;
  /** A run that takes longer is warned of, once. Default: 30 seconds; Infinity for tasks without `when`. */
  readonly slow?: Duration | undefined;
  /** Whether one worker runs it for all, or each for itself. Default: `"one"`. */
  readonly workers?: "one" | "each" | undefined;
}

/** A piece of work with a name, and when it is to be done. Made by {@link task}. */
export interface Task {
  readonly name: string;
  readonly when: Schedule | undefined;
  readonly overlap: "skip" | "queue" | "parallel";
  /** Milliseconds. */
  readonly slow: number;
  readonly workers: "one" | "each";
  readonly run: (run: TaskRun) => MaybePromise<unknown>;
  /** Where it was written. */
  readonly place: SourcePlace | undefined;
}

const SLOW = 30_000;

/**
 * A task: give it to a server, or to a scheduler. Without options it runs once, at the start, and may take as long as
 * it likes.
 *
 * @example
 * task("clean up", { when: every({ minutes: 10 }) }, () => sessions.removeExpired());
 * task("feed", async ({ sleep }) => {
 *   for (;;) {
 *     await fetchNews();
 *     await sleep({ seconds: random(30, 90) });
 *   }
 * });
 *
 * @throws {MillraceError} `BAD_TASK` without a name; `BAD_DURATION`
 */
export function task(name: string, run: (run: TaskRun) => MaybePromise<unknown>): Task;
export function task(name: string, options: TaskOptions, run: (run: TaskRun) => MaybePromise<unknown>): Task;
export function task(name: string, ...rest: [Task["run"]] | [TaskOptions, Task["run"]]): Task {
  const [options, run] = rest.length === 1 ? [{}, rest[0]] : rest;
  const { when, overlap = "skip", slow, workers = "one" } = options;
  const place = callerPlace();
  if (name === "") throw new MillraceError("BAD_TASK", "A task needs a name.", { place });
  const usual = when === undefined ? Infinity : SLOW;
  return { name, when, overlap, slow: limitOf(slow ?? usual), workers, run, place };
}

function limitOf(slow: Duration): number {
  return slow === Infinity ? Infinity : milliseconds(slow);
}
