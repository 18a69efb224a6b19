/** What a rate remembers of a client: two points in time, in milliseconds of a monotonic clock. */
export interface Account {
  /** When its allowance is whole again. GCRA's theoretical arrival time. */
  whole: number;
  /** When what was refused is forgiven. */
  forgiven: number;
}

/** Refused requests for each that the limit allows, before the client counts as an abuser: three times in all. */
const REFUSED_PER_ALLOWED = 2;

/**
 * So many requests in a window, evenly, and some of them at once: the generic cell rate algorithm (ITU-T I.371).
 *
 * A client's account is the time at which its allowance will be whole. A request moves it on by what one request takes to
 * be restored, and is refused when it is too far ahead. There is no window that begins and ends, so nobody gets twice
 * the limit around its edge.
 */
export class Rate {
  /** Milliseconds that one request takes to be restored. */
  readonly interval: number;
  /** Milliseconds in which so many requests as the limit says are restored. */
  readonly window: number;
  /** Milliseconds that one refused request takes to be forgiven. */
  readonly refusal: number;
  readonly #burst: number;
  readonly #tolerance: number;

  /**
   * @param limit requests per window
   * @param window milliseconds
   * @param burst requests at once
   */
  constructor(limit: number, window: number, burst: number) {
    this.interval = window / limit;
    this.window = window;
    this.refusal = this.interval / REFUSED_PER_ALLOWED;
    this.#burst = burst;
    // A little more than whole requests, because sums of fractions are not exact.
    this.#tolerance = (burst - 1 + 1 / 1024) * this.interval;
  }

  /** Milliseconds until a client may ask again; 0 when it may. */
  wait({ whole }: Account, now: number): number {
    return Math.max(0, whole - now - this.#tolerance);
  }

  /** Requests that were let in. */
  take(account: Account, now: number, count = 1): void {
    account.whole = Math.max(account.whole, now) + this.interval * count;
  }

  /** Requests that were refused. @returns whether the client has asked for more than three times the limit */
  refuse(account: Account, now: number, count = 1): boolean {
    const forgiven = Math.max(account.forgiven, now) + this.refusal * count;
    const most = now + this.window;
    // What is beyond is not counted: an abuser that comes to reason is forgiven after one window.
    account.forgiven = Math.min(forgiven, most);
    return forgiven > most;
  }

  /** Requests that one may make at once. */
  get burst(): number {
    return this.#burst;
  }

  /** Requests that a client may make at once. */
  remaining({ whole }: Account, now: number): number {
    const ahead = Math.max(0, whole - now);
    return Math.max(0, Math.floor(this.#burst + 1 / 1024 - ahead / this.interval));
  }
}
