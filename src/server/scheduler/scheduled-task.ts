import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { isPromise, type MaybePromise } from "../../base/maybe-promise.ts";
import { alarm, LOOK_AGAIN } from "./alarm.ts";
import { type Lease, soleLease } from "./lease.ts";
import { type Outcome, Run } from "./run.ts";
import type { Task } from "./task.ts";
import type { TaskStatus } from "./task-status.ts";

/** What tasks of a scheduler have in common. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly lease: Lease;
  readonly onError: (error: unknown, task: string) => void;
}

/** Most runs of one task beside each other. */
const PARALLEL = 100;
/** A wall clock that is set back by more was wrong before: what had been planned by it is planned anew. */
const CORRECTION = 3 * 3_600_000;

/** A task in a scheduler: stopped, or waiting for the time that it is due. */
export class ScheduledTask {
  readonly task: Task;
  readonly #owner: string | undefined;
  readonly #around: Surroundings;
  readonly #runs = new Map<Run, Promise<void>>();
  /** Gives the time after another; undefined while stopped, and for tasks without a schedule. */
  #next: ((after: number) => number | undefined) | undefined;
  #isStarted = false;
  /** When it is due, on the reading that its schedule goes by. */
  #due: number | undefined;
  /** The reading when it was last looked at. */
  #seen = 0;
  #silence: (() => void) | undefined;
  /** The run that waits for the one before it: when it was due. */
  #queued: number | undefined;
  #counts = { runs: 0, failures: 0, skipped: 0, elsewhere: 0 };
  #last: Outcome | undefined;

  constructor(task: Task, owner: string | undefined, around: Surroundings) {
    this.task = task;
    this.#owner = owner;
    this.#around = around;
  }

  get isRunning(): boolean {
    return this.#runs.size > 0;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const { when } = this.task;
    if (when === undefined) this.#begin(this.#around.clock.wall());
    else {
      this.#next = when.begin(this.#reading());
      this.#plan(this.#next(this.#reading()));
    }
  }

  /** Lets nothing new begin, and tells what runs to come to an end; resolves when it has. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#silence?.();
    this.#due = this.#queued = undefined;
    for (const run of this.#runs.keys()) run.abort();
    await Promise.all(this.#runs.values());
  }

  #reading(): number {
    return this.#around.clock[this.task.when?.reading ?? "now"]();
  }

  #plan(due: number | undefined): void {
    this.#due = due;
    this.#seen = this.#reading();
    if (due !== undefined)
      this.#silence = alarm(
        this.#around.clock,
        () => this.#remaining(),
        () => this.#ring(),
      );
  }

  #remaining(): number {
    const now = this.#reading();
    if (now < this.#seen - CORRECTION) this.#due = this.#next?.(now);
    this.#seen = now;
    return (this.#due ?? Infinity) - now;
  }

  #ring(): void {
    const due = this.#due!;
    const now = this.#reading();
    // From now on, not from when it was due: what was missed meanwhile is this one run.
    this.#plan(this.#next?.(now));
    const wall = this.#around.clock.wall() + due - now;
    if (this.#isFree()) this.#begin(wall);
    else if (this.task.overlap === "queue" && this.#queued === undefined) this.#queued = wall;
    else this.#counts.skipped++;
  }

  #isFree(): boolean {
    return this.#runs.size < (this.task.overlap === "parallel" ? PARALLEL : 1);
  }

  #begin(due: number): void {
    const run = new Run(this.task, due, this.#around.clock, this.#around.log);
    // It counts before it has begun: the task may look at its own status.
    this.#runs.set(run, Promise.resolve());
    this.#runs.set(run, this.#see(run, due));
  }

  /** Sees a run through to its end. Never rejects. */
  async #see(run: Run, due: number): Promise<void> {
    const taken = this.#take(due);
    const release = isPromise(taken) ? await taken : taken;
    if (release === undefined) this.#leave();
    else if (!run.isAborted) {
      this.#counts.runs++;
      this.#note(await run.go());
    }
    await this.#contained(() => release?.());
    this.#runs.delete(run);
    const queued = this.#queued;
    this.#queued = undefined;
    if (queued !== undefined) this.#begin(queued);
  }

  #take(due: number): MaybePromise<(() => void) | undefined> {
    const lease = this.task.workers === "one" ? this.#around.lease : soleLease;
    return this.#contained(() => lease.take(this.task.name, due));
  }

  /** Another process has it. One without a schedule is asked for again, since that process may end. */
  #leave(): void {
    this.#counts.elsewhere++;
    if (!this.#isStarted || this.task.when !== undefined) return;
    this.#plan(this.#reading() + LOOK_AGAIN);
  }

  #note(outcome: Outcome): void {
    this.#last = outcome;
    if (outcome.failure === undefined) return;
    this.#counts.failures++;
    this.#report("A task failed", outcome.failure.error);
  }

  /** A lease that fails gives nothing, and harms nothing else. */
  #contained<T>(ask: () => MaybePromise<T>): MaybePromise<T | undefined> {
    const report = (error: unknown): undefined => {
      this.#report("The lease of a task failed", error);
    };
    try {
      const answer = ask();
      return isPromise(answer) ? answer.catch(report) : answer;
    } catch (error) {
      return report(error);
    }
  }

  #report(message: string, error: unknown): void {
    const { name } = this.task;
    this.#around.log.write("error", message, { task: name, error });
    this.#around.onError(error, name);
  }

  status(): TaskStatus {
    const { started, duration, failure } = this.#last ?? {};
    const error = failure === undefined ? undefined : String(failure.error);
    return {
      name: this.task.name,
      when: this.task.when?.text ?? "at start",
      workers: this.task.workers,
      owner: this.#owner,
      state: this.#state(),
      due: this.#dueDate(),
      running: this.#runs.size,
      ...this.#counts,
      last: started === undefined ? undefined : { started, duration: duration ?? 0, error },
    };
  }

  #state(): TaskStatus["state"] {
    if (this.isRunning)
      return [...this.#runs.keys()].every(({ wakes }) => wakes !== undefined) ? "sleeping" : "running";
    if (!this.#isStarted) return "stopped";
    return this.#due === undefined ? "done" : "waiting";
  }

  #dueDate(): Date | undefined {
    const { clock } = this.#around;
    const rests = [...this.#runs.keys()].flatMap(({ wakes }) => (wakes === undefined ? [] : [wakes - clock.now()]));
    if (this.#due !== undefined) rests.push(this.#due - this.#reading());
    return rests.length === 0 ? undefined : new Date(clock.wall() + Math.min(...rests));
  }
}
