import { callerPlace, MillraceError } from "../../base/errors.ts";
import { describeDuration, type Duration, milliseconds } from "./duration.ts";

/** When a task runs. Made by `every` and `cron`. */
export interface Schedule {
  /** For people: `every 10 minutes`. */
  readonly text: string;
  /** Which reading of the clock it goes by: `now` is monotonic, `wall` is what the machine takes for the time of day. */
  readonly reading: "now" | "wall";
  /**
   * Begins at `start`; returns the function that gives the next time after another. Undefined when there is none.
   * Both are milliseconds of the reading.
   */
  begin(start: number): (after: number) => number | undefined;
}

/**
 * Each time a duration is over, first one duration after the start. Goes by the monotonic clock, so setting the clock of
 * the machine changes nothing. The rhythm is kept: a run that comes late does not move those after it.
 *
 * @example
 * task("clean up", { when: every({ minutes: 10 }) }, cleanUp);
 *
 * @throws {MillraceError} `BAD_DURATION`
 */
export function every(duration: Duration): Schedule {
  const period = milliseconds(duration);
  if (period < 1) {
    throw new MillraceError("BAD_DURATION", "Nothing can be done more often than every millisecond.", {
      place: callerPlace(),
    });
  }
  return {
    text: `every ${describeDuration(duration)}`,
    reading: "now",
    begin: (start) => (after) => {
      const next = start + (Math.floor((after - start) / period) + 1) * period;
      // The division of fractions may round down to the period before.
      return next > after ? next : next + period;
    },
  };
}
