import { RateGuard } from "../../transport/rate-guard.ts";
import type { Phase, PhaseLimits, Watchdog, Watched } from "../../transport/watchdog.ts";
import type { Output } from "../output.ts";

/** Who is told that a phase has lasted too long. */
export interface DeadlineOwner {
  onDeadline(phase: Phase): void;
}

/**
 * The clock of one session: which phase it is in and until when.
 *
 * Where octets move, the phase is judged by progress: an idle limit, and a minimum rate once the grace is over.
 */
export class Deadlines implements Watched {
  readonly #watchdog: Watchdog;
  readonly #limits: PhaseLimits;
  readonly #output: Output;
  readonly #owner: DeadlineOwner;
  #guard: RateGuard | undefined;
  #received = 0;
  phase: Phase = "none";
  deadline: number = Infinity;

  constructor(watchdog: Watchdog, limits: PhaseLimits, output: Output, owner: DeadlineOwner) {
    this.#watchdog = watchdog;
    this.#limits = limits;
    this.#output = output;
    this.#owner = owner;
    watchdog.watch(this);
  }

  /** The session is in another phase, or in the same one anew. */
  enter(phase: Phase): void {
    const { now } = this.#watchdog;
    this.phase = phase;
    if (phase === "none") this.deadline = Infinity;
    else if (phase === "body" || phase === "write") {
      this.#guard ??= new RateGuard();
      this.deadline = this.#guard.start(now, this.#moved, this.#limits[phase], this.#limits);
    } else this.deadline = now + this.#limits[phase];
  }

  /** Octets of content have come. */
  received(octets: number): void {
    this.#received += octets;
  }

  /** What the phase's progress is measured by. */
  get #moved(): number {
    return this.phase === "write" ? this.#output.taken : this.#received;
  }

  onDeadline(): void {
    const { phase } = this;
    if (phase === "body" || phase === "write") {
      const next = this.#guard!.look(this.#watchdog.now, this.#moved, this.#limits[phase], this.#limits);
      this.deadline = next;
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
