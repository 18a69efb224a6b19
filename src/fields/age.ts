import { trimOws } from "../base/ascii.ts";
import { parseDeltaSeconds } from "./delta-seconds.ts";

/**
 * Seconds since the response was made or validated at the origin, at most 2^31; undefined when the field is absent or
 * is to be ignored. RFC 9111 §5.1: of several values the first counts, and what is no number is ignored.
 *
 * ```ts
 * parseAge("60, 7200") // 60
 * ```
 */
export function parseAge(value: string | null): number | undefined {
  if (value === null) return undefined;
  const comma = value.indexOf(",");
  return parseDeltaSeconds(trimOws(comma === -1 ? value : value.slice(0, comma)));
}
