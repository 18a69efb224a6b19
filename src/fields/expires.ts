import { parseHttpDate } from "./http-date.ts";

/**
 * When a response becomes stale, in milliseconds since 1970; undefined when the field is absent, −Infinity when it is
 * no date. RFC 9111 §5.3: what is invalid, `0` above all, lies in the past.
 *
 * ```ts
 * parseExpires("0") // -Infinity
 * ```
 *
 * @param now for the two-digit year of the rfc850 form; default the current time
 */
export function parseExpires(value: string | null, now?: number): number | undefined {
  if (value === null) return undefined;
  const time = parseDateIgnoringCase(value, now);
  return Number.isNaN(time) ? -Infinity : time;
}

/**
 * An HTTP-date as caches read it, in milliseconds since 1970; NaN when it is invalid. RFC 9111 §4.2: where freshness
 * is calculated, case does not matter; all else is as exact as in `parseHttpDate`.
 */
export function parseDateIgnoringCase(text: string, now?: number): number {
  const time = parseHttpDate(text, now);
  return Number.isNaN(time) ? parseHttpDate(capitalise(text), now) : time;
}

/** `text` in the case of HTTP-dates: each word with one capital, `GMT` in capitals. */
function capitalise(text: string): string {
  if (text.length > 33) return text; // longer than `Wednesday, 06-Nov-94 08:49:37 GMT`
  let result = "";
  let inWord = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const lower = code | 0x20;
    const isLetter = code < 0x80 && lower >= 0x61 && lower <= 0x7a;
    const isCapital = isLetter && (!inWord || (index >= text.length - 3 && text[text.length - 4] === " "));
    result += isLetter ? String.fromCharCode(isCapital ? lower & ~0x20 : lower) : text[index];
    inWord = isLetter;
  }
  return result;
}
