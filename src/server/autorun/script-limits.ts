import { MillraceError } from "../../base/errors.ts";
import { LoopGuard, type StuckAt } from "../workers/loop-guard.ts";

/** How long scripts may take. */
export interface ScriptTimes {
  /** Milliseconds that one may take. */
  readonly timeout: number;
  /** Milliseconds for which one may let nothing else happen. */
  readonly hold: number;
}

/** Keeps scripts to their time while they run, one after another. */
export class ScriptLimits {
  readonly #times: ScriptTimes;
  #guard: LoopGuard | undefined;
  #onStuck: (at: StuckAt) => void = () => {};

  constructor(times: ScriptTimes) {
    this.#times = times;
  }

  /** Resolves when a script has run. @throws {MillraceError} `SCRIPT_STUCK` when it takes too long; what the script throws */
  async keep(file: string, work: () => Promise<void>): Promise<void> {
    const { timeout, hold } = this.#times;
    // One that has ended a loop has done its work.
    this.#guard ??= LoopGuard.begin(hold, (at) => this.#stuck(at));
    const late = Promise.withResolvers<never>();
    const expire = (): void => {
      const hint = "What goes on for ever is a task, or is started without waiting for it.";
      const place = { file, line: 1, column: 1 };
      late.reject(new MillraceError("SCRIPT_STUCK", `The script has not ended within ${timeout} ms.`, { hint, place }));
    };
    // After a loop that was ended this is due at once, and what is known of the loop is heard a turn later.
    const timer = setTimeout(() => setImmediate(expire), timeout);
    this.#onStuck = (at) => {
      const hint = "A loop that does not end is one, and so is a computation that belongs into another thread.";
      const place = at.find((each) => !each.file.includes("/node_modules/")) ?? { file, line: 1, column: 1 };
      const message = `The script has let nothing else happen for ${Math.round(hold)} ms, and was ended.`;
      late.reject(new MillraceError("SCRIPT_STUCK", message, { hint, place }));
    };
    const running = work();
    try {
      await Promise.race([running, late.promise]);
    } finally {
      clearTimeout(timer);
      this.#onStuck = () => {};
      // What it throws later is nobody's.
      running.catch(() => {});
    }
  }

  #stuck(at: StuckAt): void {
    this.end();
    this.#onStuck(at);
  }

  /** All have run. */
  end(): void {
    this.#guard?.end();
    this.#guard = undefined;
  }
}
