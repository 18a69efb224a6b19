import { createRequire } from "node:module";
import type { Cron } from "croner";
import { callerPlace, MillraceError } from "../../base/errors.ts";
import type { Schedule } from "./schedule.ts";

/** How a cron expression is read. */
export interface CronOptions {
  /** IANA time zone, such as `"Europe/Berlin"`. Default: that of the machine. */
  readonly timeZone?: string | undefined;
}

/**
 * The times that a cron expression names: minute, hour, day of the month, month, day of the week; with six parts the
 * first is the second.
 *
 * When clocks go forward, a fixed time that does not exist that day comes when they have; when they go back, a fixed
 * time that exists twice comes once, the first time. Expressions with `*` or `/` in the second, minute or hour follow the
 * clock: what does not exist is left out, what exists twice comes twice.
 *
 * @example
 * task("report", { when: cron("0 7 * * MON-FRI", { timeZone: "Europe/Berlin" }) }, sendReport);
 *
 * @throws {MillraceError} `BAD_CRON`, also when no day is ever meant; `BAD_TIME_ZONE`
 */
export function cron(expression: string, { timeZone = localTimeZone() }: CronOptions = {}): Schedule {
  checkTimeZone(timeZone);
  const times = parse(expression, timeZone);
  if (times.nextRun(new Date()) === null) throw badCron(expression, "it never comes");
  return {
    text: `${expression} (${timeZone})`,
    reading: "wall",
    begin: () => (after) => times.nextRun(new Date(after))?.getTime(),
  };
}

/** Loaded when the first expression is read: most servers have none. */
let library: { readonly Cron: typeof Cron } | undefined;

function parse(expression: string, timezone: string): Cron {
  // Synchronous, so that a mistake is an error of the line that it stands in.
  library ??= createRequire(import.meta.url)("croner") as { readonly Cron: typeof Cron };
  try {
    // paused: without a function there is nothing to run; only its arithmetic is wanted.
    const mode = "5-or-6-parts";
    const times = new library.Cron(expression, { timezone, mode, fixedTimeRule: "no-wildcard", paused: true });
    if (times.getOnce() === null) return times;
  } catch (error) {
    throw badCron(expression, (error as Error).message.replace(/^CronPattern: /, ""), error);
  }
  throw badCron(expression, "it is a single date");
}

function badCron(expression: string, why: string, cause?: unknown): MillraceError {
  return new MillraceError("BAD_CRON", `"${expression}" is not a cron expression: ${why}`, {
    hint: 'Minute, hour, day, month and day of the week: "30 6 * * MON-FRI".',
    place: callerPlace(),
    cause,
  });
}

function localTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function checkTimeZone(timeZone: string): void {
  try {
    Intl.DateTimeFormat("en", { timeZone });
  } catch (cause) {
    throw new MillraceError("BAD_TIME_ZONE", `"${timeZone}" is not a time zone.`, {
      hint: 'Its IANA name is needed: "Europe/Berlin", "UTC".',
      place: callerPlace(),
      cause,
    });
  }
}
