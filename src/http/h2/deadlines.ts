import { RateGuard } from "../../transport/rate-guard.ts";
import type { Phase, PhaseLimits, Watchdog, Watched } from "../../transport/watchdog.ts";

/** What the other end may owe: the acknowledgement of our SETTINGS; an answer to our PING, or its end of the connection. */
export type Owed = "settings" | "farewell";

/** The session, as its clock sees it. */
export interface DeadlineOwner {
  /** Octets that the client has taken: what the phase "write" is judged by. */
  readonly moved: number;
  /** A phase of the session has lasted too long. */
  onDeadline(phase: Phase): void;
  /** What the other end owed has not come. */
  onOwed(what: Owed): void;
  /** Deals with streams that are late. @returns the next deadline of any of them */
  onStreamDeadlines(now: number): number;
}

/**
 * The clock of one session and of all its streams: one entry with the watchdog, whose deadline is the earliest of all.
 */
export class Deadlines implements Watched {
  readonly #watchdog: Watchdog;
  readonly #limits: PhaseLimits;
  readonly #owner: DeadlineOwner;
  #guard: RateGuard | undefined;
  /** Of the session's own phase. */
  #own = Infinity;
  /** For what the other end owes: two deadlines, since the one that comes must not call off the other. */
  readonly #owed: Record<Owed, number> = { settings: Infinity, farewell: Infinity };
  phase: Phase = "none";
  deadline: number = Infinity;

  constructor(watchdog: Watchdog, limits: PhaseLimits, owner: DeadlineOwner) {
    this.#watchdog = watchdog;
    this.#limits = limits;
    this.#owner = owner;
    watchdog.watch(this);
  }

  /** The session is in another phase, or in the same one anew. */
  enter(phase: Phase): void {
    const { now } = this.#watchdog;
    this.phase = phase;
    if (phase === "none") this.#own = Infinity;
    else if (phase === "write") {
      this.#guard ??= new RateGuard();
      this.#own = this.#guard.start(now, this.#owner.moved, this.#limits.write, this.#limits);
    } else this.#own = now + this.#limits[phase];
    this.soonest(this.#own);
  }

  /** Something has come that an idle connection waits for: idle time begins anew, also when all is over at once. */
  stir(): void {
    if (this.phase === "idle" || this.phase === "crowdedIdle") this.enter("none");
  }

  /** The other end owes something, or has given it. @param milliseconds Infinity when it owes it no longer */
  owe(what: Owed, milliseconds: number): void {
    this.#owed[what] = this.#watchdog.now + milliseconds;
    this.soonest(this.#owed[what]);
  }

  /** Something has a deadline. */
  soonest(deadline: number): void {
    if (deadline < this.deadline) this.deadline = deadline;
  }

  onDeadline(): void {
    const { now } = this.#watchdog;
    this.deadline = Infinity;
    this.#lookAtOwed("settings", now);
    this.#lookAtOwed("farewell", now);
    if (this.#own <= now) this.#late();
    this.soonest(this.#own);
    this.soonest(this.#owed.settings);
    this.soonest(this.#owed.farewell);
    this.soonest(this.#owner.onStreamDeadlines(now));
  }

  #lookAtOwed(what: Owed, now: number): void {
    if (this.#owed[what] > now) return;
    this.#owed[what] = Infinity;
    this.#owner.onOwed(what);
  }

  #late(): void {
    const { phase } = this;
    if (phase === "write") {
      const next = this.#guard!.look(this.#watchdog.now, this.#owner.moved, this.#limits.write, this.#limits);
      this.#own = next;
      if (next > 0) return;
    }
    this.enter("none");
    this.#owner.onDeadline(phase);
  }

  /** The session is over. */
  stop(): void {
    this.#watchdog.unwatch(this);
  }
}
