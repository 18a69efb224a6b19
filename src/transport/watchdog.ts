import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";

/** What a connection is busy with, each with its own limit of time. */
export type Phase =
  | "none"
  | "handshake"
  | "idle"
  | "crowdedIdle"
  | "halfClosed"
  | "head"
  | "body"
  | "handler"
  | "write"
  | "drain"
  | "linger";

/** How long each phase may last, in milliseconds. */
export interface PhaseLimits {
  /** From the connection to the end of the TLS handshake; octets on the way do not prolong it. Default: 10,000. */
  readonly handshake: number;
  /** Between two requests. Default: 65,000. */
  readonly idle: number;
  /** The same while the server is crowded. Default: 5,000. */
  readonly crowdedIdle: number;
  /** From the first octet of a head to its last; octets on the way do not prolong it. Default: 10,000. */
  readonly head: number;
  /** Without an octet of a request's body. Default: 30,000. */
  readonly body: number;
  /** Until the handler answers. Default: 60,000. */
  readonly handler: number;
  /** Between the client's FIN and taking it for gone: the request's signal aborts. Default: 1,000. */
  readonly halfClosed: number;
  /** Without the client taking an octet of the response. Default: 30,000. */
  readonly write: number;
  /** Reading the rest of a body that nobody wants. Default: 1,000. */
  readonly drain: number;
  /** Reading on after the last response, so that a reset does not destroy it. RFC 9112 §9.6. Default: 2,000. */
  readonly linger: number;
  /** Octets a second that a body and a response must move once `grace` is over. Default: 500. */
  readonly minimumRate: number;
  /** Default: 10,000. */
  readonly grace: number;
}

/** The limits unless told otherwise. */
export const DEFAULT_LIMITS: PhaseLimits = {
  handshake: 10_000,
  idle: 65_000,
  crowdedIdle: 5_000,
  head: 10_000,
  body: 30_000,
  handler: 60_000,
  halfClosed: 1_000,
  write: 30_000,
  drain: 1_000,
  linger: 2_000,
  minimumRate: 500,
  grace: 10_000,
};

/** Something that may not last for ever. */
export interface Watched {
  /** What it is busy with, for whoever lists the connections. */
  readonly phase: Phase;
  /** On the watchdog's clock; `Infinity` for never. Change it as often as you like: nothing is scheduled. */
  deadline: number;
  /** The deadline is over: end, or set a later one. */
  onDeadline(): void;
}

/** Milliseconds between two looks at everything that is watched. */
export const TICK = 250;

/** How many are called in one turn of the event loop: closing a connection costs some 50 µs. */
const SLICE = 16;

/**
 * Calls `onDeadline` of what has passed its deadline: never early, at most two ticks (500 ms) late.
 *
 * A timer for each connection would cost more than what it guards. Here one timer looks at them all, and only runs
 * while there are any.
 */
export class Watchdog {
  /** Monotonic milliseconds, as of the last tick: cheap to read, up to one tick old. */
  now: number;
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();
  #stop: (() => void) | undefined;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.now = clock.now();
  }

  /** How many are watched. */
  get size(): number {
    return this.#watched.size;
  }

  watch(watched: Watched): void {
    this.#watched.add(watched);
    if (this.#stop !== undefined) return;
    this.now = this.#clock.now();
    this.#stop = this.#clock.every(TICK, () => this.#tick());
  }

  unwatch(watched: Watched): void {
    this.#watched.delete(watched);
  }

  /** A crowd that is late at once is dealt with in slices: everybody else's requests come in between. */
  #call(late: readonly Watched[], from: number): void {
    const end = Math.min(from + SLICE, late.length);
    for (let index = from; index < end; index++) {
      const watched = late[index]!;
      // Its time may have been prolonged, or it may have ended, since the slice before.
      if (watched.deadline <= this.now - TICK && this.#watched.has(watched)) watched.onDeadline();
    }
    if (end < late.length) setImmediate(() => this.#call(late, end));
  }

  #tick(): void {
    this.now = this.#clock.now();
    // Deadlines are counted from a reading of `now` that may have been one tick old.
    const due = this.now - TICK;
    const late: Watched[] = [];
    for (const watched of this.#watched) if (watched.deadline <= due) late.push(watched);
    this.#call(late, 0);
    // Stopping here and not in `unwatch` spares a new timer for each of a row of lone connections.
    if (this.#watched.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }
}
