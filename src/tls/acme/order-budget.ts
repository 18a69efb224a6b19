import type { Clock } from "../../base/clock.ts";
import { recordOf } from "./certificate-records.ts";
import type { Pause } from "./pause.ts";
import type { CertificateStorage, StorageLock } from "./storage.ts";

/** What an {@link OrderBudget} is made of. */
export interface OrderBudgetInit {
  readonly storage: CertificateStorage;
  /** Where it stands, and the name of its lock. */
  readonly key: string;
  readonly perHour: number;
  readonly clock: Clock;
  readonly pause: Pause;
}

const HOUR = 3_600_000;
/** How often, and how many milliseconds apart, it is tried to have the lock, which others have for a moment. */
const TRIES = 40;
const BETWEEN = 25;

/**
 * How many orders may be made in an hour, by all processes that share the storage: neither more workers nor a restart gives
 * more of them.
 *
 * It is kept as the time until which the orders that were made are paid for, at so many an hour.
 */
export class OrderBudget {
  readonly #init: OrderBudgetInit;
  /** One process asks one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(init: OrderBudgetInit) {
    this.#init = init;
  }

  /**
   * Takes one order out of it.
   *
   * @returns 0, or the milliseconds until there will be one
   */
  take(signal: AbortSignal): Promise<number> {
    const taken = this.#last.then(() => this.#take(signal));
    this.#last = taken.catch(() => {});
    return taken;
  }

  async #take(signal: AbortSignal): Promise<number> {
    const { storage, key, perHour, clock } = this.#init;
    const lock = await this.#lock(signal);
    if (lock === undefined) return BETWEEN * TRIES;
    try {
      const now = clock.wall();
      const { paidUntil = 0 } = (recordOf(await storage.get(key)) ?? {}) as { readonly paidUntil?: unknown };
      // A clock that was wrong has written what is too far off; those of two servers may differ, and be set back a little.
      const isKnown = typeof paidUntil === "number" && paidUntil <= now + 2 * HOUR;
      const begin = isKnown ? Math.max(paidUntil, now) : now;
      const end = begin + HOUR / perHour;
      // A millisecond more, for what is lost in parts of them.
      if (end > now + HOUR + 1) return Math.ceil(end - now - HOUR);
      await storage.put(key, JSON.stringify({ paidUntil: end }));
      return 0;
    } finally {
      await lock.release();
    }
  }

  async #lock(signal: AbortSignal): Promise<StorageLock | undefined> {
    const { storage, key, pause } = this.#init;
    for (let tries = 0; tries < TRIES; tries++) {
      const lock = await storage.lock(key);
      if (lock !== undefined) return lock;
      await pause(BETWEEN, signal);
    }
    return undefined;
  }
}
