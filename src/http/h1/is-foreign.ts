import { COLON } from "../octets.ts";
import type { HeadParser } from "./head-parser.ts";

/** How an origin-form begins, and what an asterisk-form is. */
const SLASH = 0x2f;
const ASTERISK = 0x2a;

/**
 * Whether a first line that names no version has nothing either that has one of the four forms of a target (RFC 9112
 * §3.2): a client that speaks neither HTTP/1 nor HTTP/2. An answer in HTTP/1.1 would mean nothing to it; RFC 9113 §3.4 lets
 * a preface that is none be answered by the end of the connection alone.
 */
export function isForeign({ methodEnd, targetEnd }: HeadParser, octets: Buffer, start: number): boolean {
  const target = octets.subarray(start + methodEnd + 1, start + targetEnd);
  return target[0] !== SLASH && target[0] !== ASTERISK && !target.includes(COLON);
}
