import type { Clock } from "../../base/clock.ts";

/**
 * Milliseconds after which a waiting alarm looks at the clock again: a machine that slept, or a wall clock that was set,
 * is noticed within that time. Timers cannot be set for longer than 24 days either.
 */
export const LOOK_AGAIN = 10_000;

/** Calls `ring` once when `remaining` milliseconds are none; returns the function that stops it. Never rings at once. */
export function alarm(clock: Clock, remaining: () => number, ring: () => void): () => void {
  let stop = (): void => {};
  const wait = (rest: number): void => {
    stop = clock.every(Math.min(Math.max(Math.ceil(rest), 1), LOOK_AGAIN), () => {
      stop();
      const rest = remaining();
      if (rest <= 0) ring();
      else wait(rest);
    });
  };
  wait(remaining());
  return () => stop();
}
