import type { LogFields } from "../../../src/base/log.ts";
import { Scheduler, type SchedulerInit } from "../../../src/server/scheduler/scheduler.ts";
import type { TaskStatus } from "../../../src/server/scheduler/task-status.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A clock of a process that may be too busy for its timers. */
class BusyClock extends FakeClock {
  /** Ticks that wait until the process has time again. */
  #late: Set<() => void> | undefined;

  override every(milliseconds: number, tick: () => void): () => void {
    const stop = super.every(milliseconds, () => void (this.#late === undefined ? tick() : this.#late.add(tick)));
    return () => {
      stop();
      this.#late?.delete(tick);
    };
  }

  /** Lets time pass while nothing else is done. */
  stall(milliseconds: number): void {
    this.#late = new Set();
    this.advance(milliseconds);
    const late = this.#late;
    this.#late = undefined;
    for (const tick of late) tick();
  }
}

/** A scheduler whose time passes when it is told to. */
export class Timetable {
  readonly clock: BusyClock;
  readonly logged: (readonly [string, LogFields])[] = [];
  readonly scheduler: Scheduler;

  constructor(init: SchedulerInit = {}, wall: string = "2026-01-01T00:00:00Z") {
    this.clock = new BusyClock(Date.parse(wall));
    const log = {
      write: (_: string, message: string, fields: LogFields = {}) => void this.logged.push([message, fields]),
    };
    this.scheduler = new Scheduler({ clock: this.clock, log, ...init });
  }

  /** Lets time pass, in steps, and what was waited for go on after each. */
  async pass(milliseconds: number, step: number = 1000): Promise<void> {
    for (let rest = milliseconds; rest > 0; rest -= step) {
      this.clock.advance(Math.min(step, rest));
      await settled();
    }
  }

  /** Seconds since its beginning. */
  get seconds(): number {
    return this.clock.now() / 1000;
  }

  status(name: string): TaskStatus {
    return this.scheduler.status().find((status) => status.name === name)!;
  }
}

/** When everything that can go on has. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
