import type { PhaseLimits } from "./watchdog.ts";

/** Milliseconds between two looks: the idle limit is kept to within this. */
const LOOK = 5_000;

/**
 * Judges whether a body moves fast enough: some octet within the idle limit, and the minimum rate after the grace.
 *
 * Time is an account: it starts with the grace, each octet pays in what it may take at the minimum rate, and it never
 * holds more than the idle limit. So a burst cannot buy the right to drip for hours afterwards.
 */
export class RateGuard {
  #until = 0;
  #moved = 0;

  /**
   * Starts anew.
   *
   * @param moved octets moved so far, by any count that only grows
   * @returns when to look, on the clock of `now`
   */
  start(now: number, moved: number, idle: number, limits: PhaseLimits): number {
    this.#moved = moved;
    this.#until = now + Math.min(limits.grace, idle);
    return this.#next(now);
  }

  /** @returns when to look again; 0 when it is too slow */
  look(now: number, moved: number, idle: number, limits: PhaseLimits): number {
    const earned = ((moved - this.#moved) * 1000) / limits.minimumRate;
    this.#moved = moved;
    this.#until = Math.min(this.#until + earned, now + idle);
    return this.#until > now ? this.#next(now) : 0;
  }

  #next(now: number): number {
    return Math.min(this.#until, now + LOOK);
  }
}
