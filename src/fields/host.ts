import { hexDigit, lowerAscii, tableOf } from "../base/ascii.ts";
import { parseIpv6 } from "./ip-address.ts";

/** The host of a request. RFC 9110 §7.2. */
export interface HostPort {
  /** ASCII lower case, without a final dot; an IPv6 address keeps its brackets. */
  readonly name: string;
  /** -1 when none is given, and then it is the default port of the scheme. */
  readonly port: number;
}

const COLON = 0x3a;
const DOT = 0x2e;
const PERCENT = 0x25;
const OPEN_BRACKET = 0x5b;

/** RFC 3986 §3.2.2: reg-name = *( unreserved / pct-encoded / sub-delims ). */
const REG_NAME_CHAR = tableOf(
  "-._~!$&'()*+,;=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", // % is looked at on its own
);
const groups = new Uint16Array(8);

/**
 * Parses `Host`, or the authority of an absolute target: `uri-host [ ":" port ]`, `undefined` when it is invalid.
 * RFC 9110 §7.2, RFC 3986 §3.2. Strict: no userinfo, no empty name, no whitespace, no IPv6 without brackets, a port up
 * to 65535. An empty port (`a:`) is the default port.
 *
 * ```ts
 * parseHost("Example.COM.:8080") // { name: "example.com", port: 8080 }
 * ```
 */
export function parseHost(value: string): HostPort | undefined {
  const isLiteral = value.charCodeAt(0) === OPEN_BRACKET;
  const end = isLiteral ? endOfLiteral(value) : endOfName(value);
  if (end === -1) return undefined;
  const port = parsePort(value, end);
  if (port === -2) return undefined;
  const nameEnd = !isLiteral && value.charCodeAt(end - 1) === DOT ? end - 1 : end;
  // Only one dot is final: with "a.." as "a.", a second look at the name would find another host.
  if (nameEnd === 0 || value.charCodeAt(nameEnd - 1) === DOT) return undefined;
  return { name: lowerAscii(nameEnd === value.length ? value : value.slice(0, nameEnd)), port };
}

/** Where the registered name or IPv4 address ends, -1 when a character does not belong there. */
function endOfName(value: string): number {
  let index = 0;
  for (; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (REG_NAME_CHAR[code] === 1) continue;
    if (code === COLON) break;
    if (code !== PERCENT || hexDigit(value.charCodeAt(index + 1)) === -1) return -1;
    if (hexDigit(value.charCodeAt(index + 2)) === -1) return -1;
    index += 2;
  }
  return index;
}

/** Where `[` IPv6 address `]` ends, -1 when it is broken. No scheme in use has an IPvFuture address. */
function endOfLiteral(value: string): number {
  const close = value.indexOf("]");
  return close !== -1 && parseIpv6(value, groups, 1, close) ? close + 1 : -1;
}

/** The port after the name: -1 when there is none, -2 when it is invalid. */
function parsePort(value: string, start: number): number {
  if (start === value.length) return -1;
  if (value.charCodeAt(start) !== COLON) return -2;
  let port = start + 1 === value.length ? -1 : 0;
  for (let index = start + 1; index < value.length; index++) {
    const digit = value.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return -2;
    port = port * 10 + digit;
    if (port > 65_535) return -2;
  }
  return port;
}
