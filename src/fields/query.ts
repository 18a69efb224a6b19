import { Buffer } from "node:buffer";
import { hexDigit } from "../base/ascii.ts";
import { Pairs } from "./pairs.ts";
import type { PairArrays } from "./pairs.ts";

export interface QueryOptions {
  /** How many pairs are read; the rest is left out and `truncated` says so. Default 1000. */
  readonly maxPairs?: number;
}

const PERCENT = 0x25;
const PLUS = 0x2b;

/** The pairs of a query or of a form. Decoded when first asked. */
export class Query extends Pairs {
  constructor(text: string, maxPairs: number) {
    super(() => readQuery(text, maxPairs));
  }

  /** The pairs as `application/x-www-form-urlencoded`, normalised. */
  override toString(): string {
    return new URLSearchParams([...this]).toString();
  }
}

/**
 * Parses a query without its `?`, or a form body, as `application/x-www-form-urlencoded` (WHATWG URL §5.1): `+` is a
 * space, an escape that is none stays as it is, octets that are not UTF-8 become U+FFFD. Gives what `URLSearchParams`
 * gives, but `get` of an absent name is `undefined`.
 *
 * ```ts
 * parseQuery("tag=a&tag=b+c").getAll("tag") // ["a", "b c"]
 * ```
 */
export function parseQuery(text: string, options?: QueryOptions): Query {
  return new Query(text, options?.maxPairs ?? 1000);
}

function readQuery(text: string, maxPairs: number): PairArrays {
  const names: string[] = [];
  const values: string[] = [];
  const wellFormed = text.toWellFormed();
  for (let start = 0; start < wellFormed.length;) {
    const ampersand = wellFormed.indexOf("&", start);
    const end = ampersand === -1 ? wellFormed.length : ampersand;
    if (end > start) {
      if (names.length === maxPairs) return { names, values, truncated: true };
      const pair = wellFormed.slice(start, end);
      const equals = pair.indexOf("=");
      names.push(decodeForm(equals === -1 ? pair : pair.slice(0, equals)));
      values.push(equals === -1 ? "" : decodeForm(pair.slice(equals + 1)));
    }
    start = end + 1;
  }
  return { names, values, truncated: false };
}

function decodeForm(text: string): string {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === PERCENT || code === PLUS) return decodeEncoded(text);
  }
  return text;
}

/** Works on octets and not with decodeURIComponent, whose exception for each bad escape costs more than the request. */
function decodeEncoded(text: string): string {
  const octets = Buffer.from(text, "utf8");
  let length = 0;
  for (let index = 0; index < octets.length; index++) {
    let octet = octets[index] ?? 0;
    if (octet === PLUS) octet = 0x20;
    else if (octet === PERCENT) {
      const high = hexDigit(octets[index + 1] ?? 0);
      const low = hexDigit(octets[index + 2] ?? 0);
      if (high !== -1 && low !== -1) {
        octet = (high << 4) | low;
        index += 2;
      }
    }
    octets[length++] = octet;
  }
  return octets.toString("utf8", 0, length);
}
