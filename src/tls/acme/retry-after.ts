import { parseDecimal } from "../../base/ascii.ts";
import { parseHttpDate } from "../../fields/http-date.ts";

/** Milliseconds that a Retry-After field asks to wait; undefined without one that can be read. RFC 9110 §10.2.3. */
export function retryAfterOf(value: string | undefined, wall: number): number | undefined {
  if (value === undefined) return undefined;
  const seconds = parseDecimal(value);
  if (seconds >= 0) return seconds * 1000;
  const date = parseHttpDate(value, wall);
  return Number.isNaN(date) ? undefined : Math.max(0, date - wall);
}
