import { type Clock, systemClock } from "../base/clock.ts";
import { networkOf } from "./network.ts";

/** Addresses that are remembered. */
const MOST = 50_000;

/**
 * Clients that are not let in for a while: an IPv4 address, or a /64 of IPv6.
 *
 * Bounded, and without a timer: who is over time is forgotten when met, and the oldest when another takes its place.
 */
export class DropList {
  readonly #clock: Clock;
  readonly #most: number;
  /** When each is let in again; who was put here last comes last. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock = systemClock, most: number = MOST) {
    this.#clock = clock;
    this.#most = most;
  }

  /** How many are remembered, some of them perhaps over time. */
  get size(): number {
    return this.#until.size;
  }

  /** Lets nobody in from an address for so many milliseconds; a longer time that was set before stays. */
  add(address: string, milliseconds: number): void {
    const network = networkOf(address);
    const now = this.#clock.now();
    const until = Math.max(now + milliseconds, this.#until.get(network) ?? 0);
    this.#until.delete(network);
    this.#makeRoom(now);
    this.#until.set(network, until);
  }

  /** Whether an address is among them. */
  has(address: string): boolean {
    if (this.#until.size === 0) return false;
    const network = networkOf(address);
    const until = this.#until.get(network);
    if (until === undefined) return false;
    if (until > this.#clock.now()) return true;
    this.#until.delete(network);
    return false;
  }

  /** Forgets the oldest if there is no room, and two of them that are over time: more than come in. */
  #makeRoom(now: number): void {
    let looked = 0;
    for (const [network, until] of this.#until) {
      if (until > now && this.#until.size < this.#most) return;
      this.#until.delete(network);
      if (++looked === 2) return;
    }
  }
}
