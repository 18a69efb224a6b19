/** Milliseconds that a crash counts for. */
const WINDOW = 10_000;
/** Crashes within the window that are taken for a loop. */
const LOOP = 5;
const LONGEST = 5000;

/** How long to wait before a worker that has died is replaced: not at all the first time, then longer and longer. */
export class Respawn {
  #crashes: number[] = [];

  /** @returns milliseconds, or undefined when there is no use any more */
  after(now: number): number | undefined {
    this.#crashes = [...this.#crashes.filter((then) => now - then < WINDOW), now];
    const count = this.#crashes.length;
    if (count > LOOP) return undefined;
    return count === 1 ? 0 : Math.min(LONGEST, 50 * 2 ** (count - 1));
  }
}
