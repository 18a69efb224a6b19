/** Milliseconds that a crash counts for. */
const WINDOW = 10_000;
/** Crashes at the start, within the window, that are taken for a loop. */
const LOOP = 5;
const LONGEST = 5000;

/** How long to wait before a worker that has crashed is replaced: not at all the first time, then longer and longer. */
export class Respawn {
  #crashes: { readonly at: number; readonly isEarly: boolean }[] = [];

  /**
   * Counts a crash.
   *
   * @param isEarly whether the worker had hardly started: only such crashes make a loop. Who could end a worker by a
   *   request could otherwise end the server with a few of them.
   * @returns milliseconds, or undefined when there is no use any more
   */
  after(now: number, isEarly: boolean): number | undefined {
    this.#crashes = [...this.#crashes.filter(({ at }) => now - at < WINDOW), { at: now, isEarly }];
    const count = this.#crashes.length;
    if (isEarly && this.#crashes.filter((crash) => crash.isEarly).length > LOOP) return undefined;
    return count === 1 ? 0 : Math.min(LONGEST, 50 * 2 ** (count - 1));
  }
}
