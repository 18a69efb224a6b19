import type { Clock } from "../../base/clock.ts";

/** Waits so many milliseconds. Rejects with the signal's reason when it aborts. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** Waits on a clock. */
export function pauseOn(clock: Clock): Pause {
  return (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const stop = clock.every(Math.max(1, milliseconds), () => end(resolve));
      const abort = (): void => end(() => reject(signal.reason as Error));
      const end = (settle: () => void): void => {
        stop();
        signal.removeEventListener("abort", abort);
        settle();
      };
      signal.addEventListener("abort", abort, { once: true });
    });
}
