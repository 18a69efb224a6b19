/**
 * Time for servers: a monotonic reading for deadlines, and the wall clock.
 *
 * The wall clock may jump; deadlines never use it.
 */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start. */
  now(): number;
  /** Milliseconds since the epoch, wall clock. */
  wall(): number;
  /** Calls `tick` every `milliseconds` without keeping the process alive; returns the function that stops it. */
  every(milliseconds: number, tick: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  every(milliseconds, tick) {
    const timer = setInterval(tick, milliseconds).unref();
    return () => clearInterval(timer);
  },
};
