import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";

/** A function that hands on one call, then none for `milliseconds`: what comes by the thousand must not fill a log. */
export function rarely<T>(
  milliseconds: number,
  call: (value: T) => void,
  clock: Clock = systemClock,
): (value: T) => void {
  let next = -Infinity;
  return (value) => {
    const now = clock.now();
    if (now < next) return;
    next = now + milliseconds;
    call(value);
  };
}
