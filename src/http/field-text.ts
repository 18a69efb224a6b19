import { equalsIgnoreCase, trimOws } from "../base/ascii.ts";
import { COLON, LOWER } from "./octets.ts";

/**
 * The value of one field in a section of `name: value CRLF …`, without taking the others apart.
 *
 * @param name in lower case
 * @param all whether all its lines are wanted, joined as `Headers` joins them; else the first
 */
export function findField(fields: string, name: string, all: boolean): string | null {
  let found: string | null = null;
  const initial = name.charCodeAt(0) | LOWER;
  for (let at = 0; at < fields.length;) {
    const end = fields.indexOf("\r\n", at);
    const colon = at + name.length;
    const isCandidate = fields.charCodeAt(colon) === COLON && (fields.charCodeAt(at) | LOWER) === initial;
    if (isCandidate && equalsIgnoreCase(fields.slice(at, colon), name)) {
      const value = trimOws(fields.slice(colon + 1, end));
      if (!all) return value;
      found = found === null ? value : `${found}${name === "cookie" ? "; " : ", "}${value}`;
    }
    at = end + 2;
  }
  return found;
}
