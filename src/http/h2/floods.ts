/** How much of something a client may do: a store of so many, filled up again by so many a second. */
class Budget {
  readonly #most: number;
  readonly #perSecond: number;
  /** What may be earned beyond what time fills up. */
  readonly #ceiling: number;
  #left: number;
  #at = 0;

  constructor(most: number, perSecond: number, ceiling: number = most) {
    this.#most = most;
    this.#perSecond = perSecond;
    this.#ceiling = ceiling;
    this.#left = most;
  }

  /** @param now milliseconds, monotonic @returns false when there is none left */
  spend(now: number): boolean {
    if (this.#left < this.#most) {
      this.#left = Math.min(this.#most, this.#left + ((now - this.#at) * this.#perSecond) / 1000);
    }
    this.#at = now;
    this.#left--;
    return this.#left >= 0;
  }

  /** Something useful was done that brings more of this with it. */
  earn(amount: number): void {
    this.#left = Math.min(this.#ceiling, this.#left + amount);
  }
}

/**
 * What costs a client little and the server something, each with its budget. Above it the client is told to calm down.
 *
 * `SECURITY.md` has the numbers and names the attacks.
 */
export class Floods {
  /** Streams reset, by either end: rapid reset, and being made to reset. CVE-2023-44487, CVE-2025-8671. */
  readonly resets: Budget = new Budget(100, 20);
  /** Field sections that are decoded for nothing: beyond the limits, or on streams that were reset. CVE-2016-6581. */
  readonly wasted: Budget = new Budget(100, 10);
  /** SETTINGS, each of which wants an answer. CVE-2019-9515. */
  readonly settings: Budget = new Budget(100, 10);
  /** PING, likewise. CVE-2019-9512. */
  readonly pings: Budget = new Budget(100, 10);
  /**
   * PRIORITY and PRIORITY_UPDATE. CVE-2019-9513. A request may bring some with it: of a page with 200 images Chromium asks
   * for 100 at once, and changes its mind about each of them when it has laid out the page.
   */
  readonly priorities: Budget = new Budget(100, 10, 1000);
  /** DATA without content that does not end a stream. CVE-2019-9518. */
  readonly empty: Budget = new Budget(100, 10);
  /** WINDOW_UPDATE; each frame of DATA sent may bring some. */
  readonly windows: Budget = new Budget(1000, 100);
  /** Frames that nobody knows. */
  readonly unknown: Budget = new Budget(100, 10);
}
