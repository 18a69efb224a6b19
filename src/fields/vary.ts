import { hasToken, parseTokenList } from "./token-list.ts";
import { lowerAscii } from "../base/ascii.ts";

/**
 * `Vary` with one more field name. RFC 9110 §12.5.5: names ignore case, and `*` outdoes all names.
 *
 * ```ts
 * addVary("Accept", "accept-encoding") // "Accept, accept-encoding"
 * ```
 */
export function addVary(existing: string | undefined, name: string): string {
  if (existing === undefined || existing === "") return name;
  if (name === "*" || hasToken(existing, "*")) return "*";
  return hasToken(existing, lowerAscii(name)) ? existing : `${existing}, ${name}`;
}

/**
 * The field names of `Vary` in lower case, sorted and each once; `"*"` when it names more than fields of the request,
 * or cannot be read: then nobody knows what the response depends on. RFC 9111 §4.1.
 *
 * ```ts
 * parseVary("Origin, accept, ORIGIN") // ["accept", "origin"]
 * ```
 */
export function parseVary(value: string | null): readonly string[] | "*" {
  if (value === null) return [];
  const names = parseTokenList(value);
  if (names === undefined || names.includes("*") || names.includes("")) return "*";
  return [...new Set(names)].sort();
}
