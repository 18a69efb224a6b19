import { hexDigit, lowerAscii, parseDecimal, tableOf } from "../base/ascii.ts";

/** A host and perhaps a port, as Host and `:authority` carry them. */
export interface HostPort {
  /** The name in ASCII lower case without a final dot, or an address; IPv6 in brackets. */
  readonly name: string;
  /** The port, or -1 when none is given. */
  readonly port: number;
}

/** reg-name without percent-encoding: unreserved and sub-delims. RFC 3986 §3.2.2. */
const NAME_CHAR: Uint8Array = tableOf(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=",
);
const COLON = 0x3a;
const PERCENT = 0x25;

/**
 * Reads `host [ ":" port ]` strictly: RFC 9110 §7.2, RFC 3986 §3.2 without user information.
 *
 * @returns undefined for anything else: an empty name, a bare IPv6 address, a port that is not a number up to 65535
 * @example
 * parseHost("Example.COM:8080"); // { name: "example.com", port: 8080 }
 */
export function parseHost(value: string): HostPort | undefined {
  const end = value.charCodeAt(0) === 0x5b ? endOfAddress(value) : endOfName(value);
  if (end <= 0) return undefined;
  let port = -1;
  if (end < value.length) {
    if (value.charCodeAt(end) !== COLON) return undefined;
    // RFC 3986 §3.2.3: an empty port is the default one.
    if (end + 1 < value.length) {
      port = parseDecimal(value.slice(end + 1));
      if (port < 0 || port > 65_535) return undefined;
    }
  }
  const last = end > 1 && value.charCodeAt(end - 1) === 0x2e ? end - 1 : end;
  return { name: lowerAscii(value.slice(0, last)), port };
}

function endOfName(value: string): number {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code === COLON) return index;
    if (code === PERCENT) {
      if (hexDigit(value.charCodeAt(index + 1)) < 0 || hexDigit(value.charCodeAt(index + 2)) < 0) return -1;
    } else if (code > 0xff || NAME_CHAR[code] !== 1) return -1;
  }
  return value.length;
}

/** RFC 3986 §3.2.2: IP-literal = "[" IPv6address "]"; IPvFuture is in nobody's use. */
function endOfAddress(value: string): number {
  const close = value.indexOf("]");
  return close > 1 && isIpv6(value.slice(1, close)) ? close + 1 : -1;
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === "") continue;
    const parts = half.split(":");
    for (const [place, part] of parts.entries()) {
      const isLast = index === halves.length - 1 && place === parts.length - 1;
      if (isLast && part.includes(".")) {
        if (!isIpv4(part)) return false;
        groups += 2;
      } else if (isGroup(part)) groups++;
      else return false;
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}

function isGroup(part: string): boolean {
  if (part.length === 0 || part.length > 4) return false;
  for (let index = 0; index < part.length; index++) if (hexDigit(part.charCodeAt(index)) < 0) return false;
  return true;
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => part.length <= 3 && parseDecimal(part) >= 0 && parseDecimal(part) <= 255);
}
