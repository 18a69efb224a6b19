import type { Priority } from "./priority.ts";

/** Streams to come whose priorities are remembered. */
const REMEMBERED = 16;

/** Priorities of streams that the client has not opened yet. RFC 9218 §7.1. */
export class FuturePriorities {
  readonly #priorities = new Map<number, Priority>();

  get isEmpty(): boolean {
    return this.#priorities.size === 0;
  }

  set(stream: number, priority: Priority): void {
    const priorities = this.#priorities;
    if (priorities.size < REMEMBERED || priorities.has(stream)) priorities.set(stream, priority);
  }

  /** A stream has been opened: neither its priority nor that of one before it is of the future. */
  take(stream: number): Priority | undefined {
    const priority = this.#priorities.get(stream);
    for (const id of this.#priorities.keys()) if (id <= stream) this.#priorities.delete(id);
    return priority;
  }
}
