import { lowerAscii } from "../base/ascii.ts";
import { parseHost } from "../fields/host.ts";

/** The last authority found valid, as it came and in lower case: most requests of a server have the same. */
let valid: string | undefined;
let lower = "";

/**
 * A host with an optional port in lower case; undefined when the text is none.
 *
 * RFC 9110 §4.2.3: a host has no case. With one, the first client would choose how everybody's stored page spells it.
 */
export function lowerAuthority(text: string): string | undefined {
  if (text === valid) return lower;
  if (parseHost(text) === undefined) return undefined;
  valid = text;
  lower = lowerAscii(text);
  return lower;
}
