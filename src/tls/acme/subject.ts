import { parseIpv4, parseIpv6 } from "../../fields/ip-address.ts";
import type { Identifier } from "./resources.ts";

/** What one certificate is for. */
export interface Subject {
  /** Its first name, as it is shown and stored by. */
  readonly name: string;
  readonly identifiers: readonly Identifier[];
}

/** Ends of names that no public authority gives certificates for. RFC 6761, RFC 6762, RFC 8375, RFC 7686, RFC 9476. */
const PRIVATE_ENDS = [
  "localhost",
  "local",
  "test",
  "invalid",
  "example",
  "internal",
  "home.arpa",
  "onion",
  "alt",
  "lan",
];

/**
 * A subject for names.
 *
 * @param names in lower case; `*.x` is everything one level below x
 */
export function subjectOf(...names: readonly [string, ...string[]]): Subject {
  return { name: names[0], identifiers: names.map(identifierOf) };
}

function identifierOf(name: string): Identifier {
  return isAddress(name) ? { type: "ip", value: name.replace(/^\[|\]$/g, "") } : { type: "dns", value: name };
}

function isAddress(name: string): boolean {
  const bare = name.replace(/^\[|\]$/g, "");
  return parseIpv4(bare) !== -1 || parseIpv6(bare, new Uint16Array(8));
}

/** Whether a public authority may give a certificate for a name: it has a dot, and none of the ends that are private. */
export function isPublicName(name: string): boolean {
  if (isAddress(name) || !name.includes(".")) return false;
  return !PRIVATE_ENDS.some((end) => name === end || name.endsWith(`.${end}`));
}

/** Whether anything below a name is asked for, which only DNS can prove. RFC 8555 §7.1.3. */
export function isWildcard({ identifiers }: Subject): boolean {
  return identifiers.some(({ value }) => value.startsWith("*."));
}

/** The name of a subject as part of a storage key. */
export function keyOfSubject({ name }: Subject): string {
  return name.replace("*", "wildcard_").replace(/[[\]]/g, "").replaceAll(":", "-");
}
