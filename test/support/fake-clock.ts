import type { Clock } from "../../src/base/clock.ts";

/** A clock that stands still until it is told to advance. */
export class FakeClock implements Clock {
  #now = 0;
  #wall: number;
  readonly #timers = new Set<{ next: number; readonly interval: number; readonly tick: () => void }>();

  constructor(wall: number = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wall;
  }

  /** How many timers run. */
  get timers(): number {
    return this.#timers.size;
  }

  every(milliseconds: number, tick: () => void): () => void {
    const timer = { next: this.#now + milliseconds, interval: milliseconds, tick };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass, with every tick on the way at its own time and in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [due] = [...this.#timers].filter(({ next }) => next <= end).sort((a, b) => a.next - b.next);
      this.#pass((due?.next ?? end) - this.#now);
      if (due === undefined) return;
      due.next += due.interval;
      due.tick();
    }
  }

  /** The wall clock is set; time itself goes on as before. */
  jump(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  #pass(milliseconds: number): void {
    this.#now += milliseconds;
    this.#wall += milliseconds;
  }
}
