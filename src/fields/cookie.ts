import { equalsIgnoreCase, isToken, lowerAscii, trimOws } from "../base/ascii.ts";
import { formatHttpDate } from "./http-date.ts";
import { Pairs } from "./pairs.ts";
import type { PairArrays } from "./pairs.ts";

/** The attributes of `Set-Cookie`. RFC 6265bis §4.1.2. */
export interface CookieAttributes {
  /** Seconds until the cookie ends; 0 removes it. Without it and `expires` it lives as long as the user agent. */
  readonly maxAge?: number | undefined;
  /** When the cookie ends: a Date, or milliseconds since 1970. */
  readonly expires?: Date | number | undefined;
  /** Begins with `/`. Without it: the folder of the request's path. */
  readonly path?: string | undefined;
  /** Sent to this domain and all below it. Without it: to this host alone, which is safer. */
  readonly domain?: string | undefined;
  /** Sent over secure connections only. */
  readonly secure?: boolean | undefined;
  /** Hidden from scripts. */
  readonly httpOnly?: boolean | undefined;
  /** Whether requests that other sites start carry the cookie; `none` needs `secure`. */
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
  /** One cookie for each top-level site (CHIPS); needs `secure`. */
  readonly partitioned?: boolean | undefined;
}

const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const;
const MAX_COOKIES = 1000;
/** RFC 6265bis §5.6: user agents ignore a cookie whose name and value are longer together. */
const MAX_SIZE = 4096;
const NO_COOKIES: Pairs = new Pairs(() => ({ names: [], values: [], truncated: false }));

/**
 * Parses `Cookie`. The user agent sends the cookie with the most specific path first, so `get` gives that; `getAll`
 * gives them all. Values are as received, quotes and escapes included: both are part of the value (RFC 6265bis
 * §4.1.1). What has no `=`, or a name that is not a token, is left out.
 */
export function parseCookies(value: string | undefined): Pairs {
  return value === undefined ? NO_COOKIES : new Pairs(() => readCookies(value));
}

function readCookies(value: string): PairArrays {
  const names: string[] = [];
  const values: string[] = [];
  for (let start = 0; start < value.length;) {
    const semicolon = value.indexOf(";", start);
    const end = semicolon === -1 ? value.length : semicolon;
    const pair = value.slice(start, end);
    const equals = pair.indexOf("=");
    const name = trimOws(pair.slice(0, Math.max(equals, 0)));
    if (isToken(name)) {
      if (names.length === MAX_COOKIES) return { names, values, truncated: true };
      names.push(name);
      values.push(trimOws(pair.slice(equals + 1)));
    }
    start = end + 1;
  }
  return { names, values, truncated: false };
}

/**
 * One `Set-Cookie` field value. RFC 6265bis §4.1.
 *
 * ```ts
 * formatSetCookie("__Host-id", "31d4", { secure: true, path: "/", httpOnly: true, sameSite: "lax" })
 * // __Host-id=31d4; Path=/; Secure; HttpOnly; SameSite=Lax
 * ```
 *
 * @throws TypeError when the name is not a token, when the value has a space, comma, semicolon, quote inside,
 *   backslash, control or non-ASCII character (encode it first), when an attribute is invalid, and when user agents
 *   would refuse the cookie: a broken promise of its `__Host-` or `__Secure-` name, `SameSite=None` or `Partitioned`
 *   without `Secure`, more than 4096 octets
 * @throws RangeError when `expires` is not in the years 0 to 9999
 */
export function formatSetCookie(name: string, value: string, attributes: CookieAttributes = {}): string {
  check(isToken(name), name, "the name is not a token");
  check(isCookieValue(value), name, "the value has a character that no cookie can carry; encode it first");
  check(name.length + value.length <= MAX_SIZE, name, `name and value are longer than ${MAX_SIZE} octets`);
  checkPromises(name, attributes);
  return `${name}=${value}${formatAttributes(name, attributes)}`;
}

function formatAttributes(cookie: string, attributes: CookieAttributes): string {
  const { maxAge, expires, path, domain, secure, httpOnly, sameSite, partitioned } = attributes;
  let text = "";
  if (maxAge !== undefined) {
    check(Number.isSafeInteger(maxAge) && maxAge >= 0, cookie, "maxAge is not a whole number of seconds from 0 on");
    text += `; Max-Age=${maxAge}`;
  }
  if (expires !== undefined) {
    const time = typeof expires === "number" ? expires : expires.getTime();
    check(!Number.isNaN(time), cookie, "expires is not a date");
    text += `; Expires=${formatHttpDate(time)}`;
  }
  if (path !== undefined) {
    check(path.startsWith("/") && isAttributeValue(path), cookie, "path does not begin with / or has a control or ;");
    text += `; Path=${path}`;
  }
  if (domain !== undefined) {
    check(isDomain(domain), cookie, "domain is not a name of letters, digits, hyphens and dots between");
    text += `; Domain=${domain}`;
  }
  if (secure) text += "; Secure";
  if (httpOnly) text += "; HttpOnly";
  if (sameSite !== undefined) {
    check(Object.hasOwn(SAME_SITE, sameSite), cookie, "sameSite is not strict, lax or none");
    text += `; SameSite=${SAME_SITE[sameSite]}`;
  }
  return partitioned ? `${text}; Partitioned` : text;
}

/** RFC 6265bis §4.1.3 and §5.6: user agents compare the prefixes without case. */
function checkPromises(name: string, { secure, path, domain, sameSite, partitioned }: CookieAttributes): void {
  if (secure !== true) {
    check(!equalsIgnoreCase(name.slice(0, 9), "__Secure-"), name, "a __Secure- cookie needs secure");
    check(sameSite !== "none", name, "sameSite none needs secure");
    check(partitioned !== true, name, "partitioned needs secure");
  }
  if (lowerAscii(name.slice(0, 7)) !== "__host-") return;
  check(secure === true, name, "a __Host- cookie needs secure");
  check(path === "/", name, "a __Host- cookie needs path /");
  check(domain === undefined, name, "a __Host- cookie has no domain");
}

function check(holds: boolean, cookie: string, problem: string): void {
  if (!holds) throw new TypeError(`Cannot set the cookie ${JSON.stringify(cookie)}: ${problem}`);
}

/** `*cookie-octet`, or the same between quotes. */
function isCookieValue(value: string): boolean {
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  const end = isQuoted ? value.length - 1 : value.length;
  for (let index = isQuoted ? 1 : 0; index < end; index++) {
    const code = value.charCodeAt(index);
    const isOctet = code > 0x20 && code < 0x7f && code !== 0x22 && code !== 0x2c && code !== 0x3b && code !== 0x5c;
    if (!isOctet) return false;
  }
  return true;
}

/** `*av-octet`: ASCII without controls and `;`. */
function isAttributeValue(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x3b) return false;
  }
  return true;
}

/** RFC 1034 §3.5 as RFC 1123 §2.1 widens it: labels of letters, digits and inner hyphens. */
function isDomain(domain: string): boolean {
  return domain.length <= 253 && domain.split(".").every(isLabel);
}

function isLabel(label: string): boolean {
  for (let index = 0; index < label.length; index++) {
    const code = label.charCodeAt(index);
    const lower = code | 0x20;
    const isLetterOrDigit = (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39);
    if (!isLetterOrDigit && (code !== 0x2d || index === 0 || index === label.length - 1)) return false;
  }
  return label.length > 0 && label.length <= 63;
}
