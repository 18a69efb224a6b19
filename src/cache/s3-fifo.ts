/**
 * How many used entries of the main queue are spared before one goes all the same. It bounds what an eviction costs however
 * hot everything is; no hit ratio in docs/decisions/0013 moves by more than 0.1 points.
 */
const CHANCES = 64;

/** Uses beyond these add nothing: what was hot once goes after as many rounds without one. */
export const MOST_USES = 3;

/** What the queues must know of an entry. */
export interface Queued {
  readonly bytes: number;
  /** Uses since it came into its queue or was last spared, up to {@link MOST_USES}. */
  uses: number;
  /** Moves it to the main queue, of every {@link S3Fifo} that it is in. */
  promote(): void;
}

/** An entry's place in one {@link S3Fifo}. */
export class Place<E extends Queued> {
  readonly entry: E;
  readonly #home: S3Fifo<E>;
  queue: Queue<E> | undefined = undefined;
  newer: Place<E> | undefined = undefined;
  older: Place<E> | undefined = undefined;

  constructor(entry: E, home: S3Fifo<E>, isProven: boolean) {
    this.entry = entry;
    this.#home = home;
    (isProven ? home.main : home.small).add(this);
  }

  get isProven(): boolean {
    return this.queue === this.#home.main;
  }

  promote(): void {
    this.leave();
    this.#home.main.add(this);
  }

  leave(): void {
    this.queue!.remove(this);
  }
}

/** Places from the newest to the oldest. */
class Queue<E extends Queued> {
  #newest: Place<E> | undefined = undefined;
  oldest: Place<E> | undefined = undefined;
  bytes = 0;

  add(place: Place<E>): void {
    place.queue = this;
    place.older = this.#newest;
    if (this.#newest === undefined) this.oldest = place;
    else this.#newest.newer = place;
    this.#newest = place;
    this.bytes += place.entry.bytes;
  }

  remove(place: Place<E>): void {
    if (place.newer === undefined) this.#newest = place.older;
    else place.newer.older = place.older;
    if (place.older === undefined) this.oldest = place.newer;
    else place.older.newer = place.newer;
    place.queue = undefined;
    place.newer = undefined;
    place.older = undefined;
    this.bytes -= place.entry.bytes;
  }
}

/**
 * Which entry goes when room is needed: S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", 2023).
 *
 * A new entry has to be used while it is in a small queue; what nobody asks for twice goes from there and never meets the
 * main queue, so a scan of any length costs a tenth of the cache. docs/decisions/0013 has the measurement.
 */
export class S3Fifo<E extends Queued> {
  readonly small: Queue<E> = new Queue();
  readonly main: Queue<E> = new Queue();

  /** Octets of all entries. */
  get bytes(): number {
    return this.small.bytes + this.main.bytes;
  }

  /** The entry to throw out next, or undefined when there is none. It stays until it is made to leave. */
  victim(): E | undefined {
    while (this.small.oldest !== undefined && (this.main.oldest === undefined || this.small.bytes * 10 > this.bytes)) {
      const { entry } = this.small.oldest;
      if (entry.uses === 0) return entry;
      // Once in the life of an entry, so this needs no bound.
      entry.uses = 0;
      entry.promote();
    }
    let chances = CHANCES;
    for (let place = this.main.oldest; place !== undefined; place = this.main.oldest) {
      if (place.entry.uses === 0 || chances-- === 0) return place.entry;
      place.entry.uses--;
      place.promote();
    }
    return undefined;
  }

  /** All entries. None must come or go meanwhile. */
  *entries(): Generator<E, void, undefined> {
    for (const { oldest } of [this.small, this.main])
      for (let place = oldest; place !== undefined; place = place.newer) yield place.entry;
  }
}
