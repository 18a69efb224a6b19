/**
 * Milliseconds of one turn of the event loop after which long work waits for the next. What is short never waits.
 *
 * It is not more since libuv accepts one connection in a turn: behind twenty others a new one waits for twenty turns.
 */
const MOST = 0.5;

/** Somebody with long work who waits for a turn. */
export interface Waiting {
  /** Does the work, or lets it come before the next turn. @returns the milliseconds that it is then likely to take */
  takeTurn(): number;
}

/**
 * Shares the turns of the event loop among those who have much to do.
 *
 * Whoever has little is served as it comes. Without this it would wait for turns as long as all attackers together can
 * make them: twenty that reset a hundred streams each make one 30 ms long. With it they are served one after the other, and
 * everybody with little in between.
 */
export class FairTurns {
  readonly #time: () => number;
  /** When this turn began, for us. What counts is all that passes: handlers go on when their callers have returned. */
  #began = 0;
  /** Milliseconds of this turn that are promised. */
  #promised = 0;
  #hasBegun = false;
  /** How many wait for a turn. */
  #waiting = 0;

  /** How many turns there were: what was promised for one is over with it. */
  count = 0;

  /** @param time milliseconds, monotonic */
  constructor(time: () => number = () => performance.now()) {
    this.#time = time;
  }

  /** Whether long work may be done as it comes; if not, it has to wait. */
  mayGoOn(): boolean {
    this.#begin();
    return this.#hasTime();
  }

  /** Gives whoever it is a turn behind those who came before. */
  wait(waiting: Waiting): void {
    this.#begin();
    this.#waiting++;
    // One for each: between two of them Node does what the first has left to do, promises above all.
    setImmediate(() => this.#give(waiting));
  }

  #give(waiting: Waiting): void {
    this.#waiting--;
    if (this.#hasTime()) {
      const likely = waiting.takeTurn();
      this.#promised += likely;
      return;
    }
    this.wait(waiting);
  }

  #hasTime(): boolean {
    return this.#time() - this.#began + this.#promised < MOST;
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#began = this.#time();
    // Comes before whoever waits from now on.
    setImmediate(() => this.#end());
  }

  /** A turn ends where those who wait have theirs: with them the next one begins. */
  #end(): void {
    this.count++;
    this.#promised = 0;
    this.#hasBegun = false;
    if (this.#waiting > 0) this.#begin();
  }
}

/** Those of this thread's event loop. */
export const fairTurns: FairTurns = new FairTurns();
