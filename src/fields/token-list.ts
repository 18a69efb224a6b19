import { lowerAscii } from "../base/ascii.ts";
import { regionIs } from "./region.ts";
import { Scanner } from "./scanner.ts";

/**
 * The tokens of a list whose tokens ignore case (connection options, codings, field names), in lower case; `undefined`
 * when it is malformed. RFC 9110 §5.6.1: empty elements count for nothing.
 *
 * ```ts
 * parseTokenList("Keep-Alive, , Upgrade") // ["keep-alive", "upgrade"]
 * ```
 */
export function parseTokenList(value: string): string[] | undefined {
  const scanner = new Scanner(value);
  const tokens: string[] = [];
  while (scanner.nextElement()) tokens.push(lowerAscii(scanner.token()));
  return scanner.malformed ? undefined : tokens;
}

/**
 * Whether `token` (in lower case) is an element of a list of tokens; false when the field is absent. Makes no object,
 * and an element that is no token hides none of the others.
 */
export function hasToken(list: string | undefined, token: string): boolean {
  if (list === undefined) return false;
  if (list === token) return true;
  for (let start = 0; start <= list.length;) {
    const comma = list.indexOf(",", start);
    const next = comma === -1 ? list.length : comma;
    let end = next;
    while (start < end && isOws(list.charCodeAt(start))) start++;
    while (end > start && isOws(list.charCodeAt(end - 1))) end--;
    if (regionIs(list, start, end, token)) return true;
    start = next + 1;
  }
  return false;
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
