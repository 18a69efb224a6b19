/**
 * ASCII-only text operations for wire data.
 *
 * JavaScript's own `trim`, `toLowerCase`, `parseInt` and `\s` know Unicode: `trim` strips U+00A0 and U+FEFF, so that
 * `chunked\xa0` would pass for `chunked`; `toLowerCase` maps U+212A (Kelvin sign) to `k`. On octets from the network
 * both are holes, so parsers use these functions and a lint forbids the others.
 */

/** 1 for each octet that may stand in a token. RFC 9110 §5.6.2. */
export const TOKEN_CHAR: Uint8Array = /* @__PURE__ */ tableOf(
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
);

/** A 256-entry table that holds 1 for every character of `characters` (all below U+0100). */
export function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let index = 0; index < characters.length; index++) table[characters.charCodeAt(index)] = 1;
  return table;
}

/** Whether a character code may stand in a token. RFC 9110 §5.6.2. */
export function isTokenChar(code: number): boolean {
  return code < 256 && TOKEN_CHAR[code] === 1;
}

/** Whether `text` is a token: at least one token character and nothing else. RFC 9110 §5.6.2. */
export function isToken(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (!isTokenChar(text.charCodeAt(index))) return false;
  return text.length > 0;
}

/** `text` with A–Z in lower case and everything else as it was; the same string when nothing changes. */
export function lowerAscii(text: string): string {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x41 && code <= 0x5a) return lowerFrom(text, index);
  }
  return text;
}

function lowerFrom(text: string, first: number): string {
  let lower = text.slice(0, first);
  for (let index = first; index < text.length; index++) {
    const code = text.charCodeAt(index);
    lower += code >= 0x41 && code <= 0x5a ? String.fromCharCode(code | 0x20) : text[index];
  }
  return lower;
}

/** Whether two texts are equal when A–Z and a–z count as the same. */
export function equalsIgnoreCase(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const lower = left | 0x20;
    if (lower !== (right | 0x20) || lower < 0x61 || lower > 0x7a) return false;
  }
  return true;
}

/** `text` without leading and trailing SP and HTAB. RFC 9110 §5.6.3 (OWS). */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The value of 1 to 15 ASCII digits, or -1 for any other text (a sign, a space, a 16th digit, nothing). */
export function parseDecimal(text: string): number {
  if (text.length === 0 || text.length > 15) return -1;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** The value of one hexadecimal digit, or -1. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
