import { hasToken } from "./token-list.ts";
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
