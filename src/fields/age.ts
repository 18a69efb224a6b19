import { trimOws } from "../base/ascii.ts";
import { parseDeltaSeconds } from "./delta-seconds.ts";

/**
 * Seconds since the response was made or validated at the origin, at most 2^31; undefined when the field is absent or
 * is to be ignored. RFC 9111 §5.1: of several values the first counts, and what is no number is ignored.
 *
 * A parameter, which the field does not have, takes nothing from the number before it: too old is safe, too young is not.
 *
 * ```ts
 * parseAge("60, 7200") // 60
 * ```
 */
export function parseAge(value: string | null): number | undefined {
  if (value === null) return undefined;
  let end = 0;
  while (end < value.length && value[end] !== "," && value[end] !== ";") end++;
  return parseDeltaSeconds(trimOws(value.slice(0, end)));
}
