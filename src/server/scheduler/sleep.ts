import type { Clock } from "../../base/clock.ts";
import { alarm } from "./alarm.ts";

/** Resolves after `duration` milliseconds of the monotonic clock; rejects with the signal's reason when it aborts. */
export function sleep(clock: Clock, duration: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = clock.now() + duration;
    const wake = alarm(
      clock,
      () => end - clock.now(),
      () => {
        signal.removeEventListener("abort", abort);
        resolve();
      },
    );
    const abort = (): void => {
      wake();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
  });
}
