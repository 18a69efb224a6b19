/**
 * Time for servers: a monotonic reading for deadlines and the Date field, both cheap.
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

let renderedSecond = -1;
let renderedDate = "";

/** The value of a Date field for `wall` (milliseconds since the epoch), rendered once a second. RFC 9110 §6.6.1. */
export function dateField(wall: number): string {
  const second = Math.floor(wall / 1000);
  if (second !== renderedSecond) {
    renderedSecond = second;
    renderedDate = new Date(second * 1000).toUTCString();
  }
  return renderedDate;
}
