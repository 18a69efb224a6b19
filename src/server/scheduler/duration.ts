import { callerPlace, MillraceError } from "../../base/errors.ts";

/** A length of time: milliseconds, or named units added up. A day has 24 hours, whatever the clocks do. */
export type Duration =
  | number
  | {
      readonly days?: number | undefined;
      readonly hours?: number | undefined;
      readonly minutes?: number | undefined;
      readonly seconds?: number | undefined;
      readonly milliseconds?: number | undefined;
    };

const UNITS = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 } as const;

/**
 * Its milliseconds.
 *
 * @throws {MillraceError} `BAD_DURATION` when they are negative, infinite or no number
 */
export function milliseconds(duration: Duration): number {
  const total =
    typeof duration === "number"
      ? duration
      : Object.entries(UNITS).reduce(
          (sum, [unit, size]) => sum + (duration[unit as keyof typeof UNITS] ?? 0) * size,
          0,
        );
  if (total >= 0 && total < Infinity) return total;
  throw new MillraceError("BAD_DURATION", `${JSON.stringify(duration)} is not a duration.`, {
    hint: "Give milliseconds, or units: { minutes: 5 }.",
    place: callerPlace(),
  });
}

/** For people: `1 hour 30 minutes`. */
export function describeDuration(duration: Duration): string {
  let rest = milliseconds(duration);
  const parts: string[] = [];
  for (const [unit, size] of Object.entries(UNITS)) {
    const count = size === 1 ? rest : Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${count === 1 ? unit.slice(0, -1) : unit}`);
  }
  return parts.join(" ") || "0 milliseconds";
}
