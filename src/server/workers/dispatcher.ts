import type { Arrival, Worker } from "./worker.ts";

/** Connections that wait for a worker to be ready; above that they are closed. As many as a socket's own queue has. */
const MOST = 511;

/** Gives connections to workers in turn: 1, 2, 3, 4, 1 … */
export class Dispatcher {
  readonly #ready: () => readonly Worker[];
  readonly #waiting: Arrival[] = [];
  #turn = 0;

  /** @param ready the workers that take connections, by id */
  constructor(ready: () => readonly Worker[]) {
    this.#ready = ready;
  }

  /** Gives a connection to the next worker, or keeps it until there is one. */
  dispatch(arrival: Arrival): void {
    const ready = this.#ready();
    const next = ready.find(({ id }) => id > this.#turn) ?? ready[0];
    if (next === undefined) {
      if (this.#waiting.length < MOST) this.#waiting.push(arrival);
      else arrival.handle.close();
      return;
    }
    this.#turn = next.id;
    next.give(arrival);
  }

  /** A worker is ready: it gets what waits. */
  resume(): void {
    for (const arrival of this.#waiting.splice(0)) this.dispatch(arrival);
  }

  /** Closes what waits. */
  close(): void {
    for (const { handle } of this.#waiting.splice(0)) handle.close();
  }
}
