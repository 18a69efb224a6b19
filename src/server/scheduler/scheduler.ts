import { type Clock, systemClock } from "../../base/clock.ts";
import { formatPlace, MillraceError } from "../../base/errors.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { alarm } from "./alarm.ts";
import { type Lease, soleLease } from "./lease.ts";
import { ScheduledTask, type Surroundings } from "./scheduled-task.ts";
import type { Task } from "./task.ts";
import type { TaskStatus } from "./task-status.ts";

/** What a {@link Scheduler} is made of. */
export interface SchedulerInit {
  /** Where failures and slow tasks are written. Default: nowhere. */
  readonly log?: Log | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Which process runs tasks that run once for all. Default: this one. */
  readonly lease?: Lease | undefined;
  /** Called with each failure too. Must not throw. */
  readonly onError?: ((error: unknown, task: string) => void) | undefined;
}

/** How tasks are stopped. */
export interface SchedulerStop {
  /** Milliseconds that runs under way may take to end. Default: 30,000. */
  readonly deadline?: number | undefined;
}

const STOP_DEADLINE = 30_000;

/**
 * Runs tasks when they are due. Each waits for itself: none has to wait for another.
 *
 * What was missed, since the machine slept, the wall clock was set forward or the process was busy, is made up for by
 * one run. What was due while no server ran is not. A wall clock that is set back repeats nothing, unless it is set
 * back by more than three hours: then it was wrong before.
 *
 * By itself it does not keep a process alive.
 *
 * @example
 * const scheduler = new Scheduler();
 * scheduler.add(task("clean up", { when: every({ minutes: 10 }) }, cleanUp));
 * scheduler.start();
 */
export class Scheduler {
  readonly #around: Surroundings;
  readonly #tasks = new Map<string, ScheduledTask>();
  /** Tasks that were removed and still run. */
  readonly #leaving = new Set<ScheduledTask>();
  #isStarted = false;

  constructor({ log = silentLog, clock = systemClock, lease = soleLease, onError = () => {} }: SchedulerInit = {}) {
    this.#around = { log, clock, lease, onError };
  }

  /**
   * Adds a task, which begins now if the scheduler has started. Returns the function that removes it: no run begins any
   * more, and the signal of those under way aborts.
   *
   * @throws {MillraceError} `TASK_EXISTS` when another has its name
   */
  add(task: Task, options: { readonly owner?: string | undefined } = {}): () => void {
    const other = this.#tasks.get(task.name);
    if (other !== undefined) {
      const where = other.task.place === undefined ? "" : `, at ${formatPlace(other.task.place)}`;
      throw new MillraceError("TASK_EXISTS", `There is a task "${task.name}" already${where}.`, {
        hint: "Tasks are told apart by their names: give it another.",
        place: task.place,
      });
    }
    const scheduled = new ScheduledTask(task, options.owner, this.#around);
    this.#tasks.set(task.name, scheduled);
    if (this.#isStarted) scheduled.start();
    return () => this.#remove(scheduled);
  }

  #remove(scheduled: ScheduledTask): void {
    const { name } = scheduled.task;
    if (this.#tasks.get(name) !== scheduled) return;
    this.#tasks.delete(name);
    this.#leaving.add(scheduled);
    void scheduled.stop().then(() => this.#leaving.delete(scheduled));
  }

  /** Lets tasks run from now on. */
  start(): void {
    this.#isStarted = true;
    for (const task of this.#tasks.values()) task.start();
  }

  /**
   * Lets nothing begin any more, and aborts the signal of every run under way at once, so that those that can come to an
   * end early do. Resolves when all have ended, or at the deadline; who runs on is named in the log.
   */
  async stop({ deadline = STOP_DEADLINE }: SchedulerStop = {}): Promise<void> {
    this.#isStarted = false;
    const all = [...this.#tasks.values(), ...this.#leaving];
    const { clock, log } = this.#around;
    const end = clock.now() + deadline;
    const isOver = Promise.withResolvers<void>();
    const silence = alarm(
      clock,
      () => end - clock.now(),
      () => isOver.resolve(),
    );
    // The clock's timers let a process end; it must not, while somebody waits for this.
    const alive = setInterval(() => {}, 0x7fffffff);
    await Promise.race([Promise.all(all.map((task) => task.stop())), isOver.promise]);
    silence();
    clearInterval(alive);
    const tasks = all.filter(({ isRunning }) => isRunning).map(({ task }) => task.name);
    if (tasks.length > 0) log.write("warn", "Tasks are left running", { tasks: tasks.join(", ") });
  }

  /** What each task does and has done, in the order in which they were added. */
  status(): TaskStatus[] {
    return [...this.#tasks.values()].map((task) => task.status());
  }
}
