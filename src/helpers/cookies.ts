import { type CookieAttributes, formatSetCookie, parseCookies } from "../fields/cookie.ts";
import { Pairs } from "../fields/pairs.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";

/**
 * The cookies of a request: `get`, `getAll`, `has`, and iteration over names and values.
 *
 * Values are decoded as {@link setCookie} encodes them; one that is not encoded so is given as it came.
 *
 * @example
 * const theme = cookies(request).get("theme") ?? "light";
 */
export function cookies(request: Request<unknown>): Pairs {
  return new Pairs(() => {
    const pairs = parseCookies(request.headers.get("cookie") ?? undefined);
    const names: string[] = [];
    const values: string[] = [];
    for (const [name, value] of pairs) {
      names.push(name);
      values.push(decode(value));
    }
    return { names, values, truncated: pairs.truncated };
  });
}

/**
 * Sets a cookie. What a cookie cannot carry (spaces, quotes, commas, everything outside of ASCII) is percent-encoded.
 *
 * Unless `attributes` says otherwise it is for the whole site (`path: "/"`), hidden from scripts (`httpOnly: true`) and
 * kept from requests that other sites start (`sameSite: "lax"`). Set `secure: true` where there is TLS.
 *
 * @throws TypeError when the name is not a token, an attribute is invalid, or user agents would refuse the cookie
 *
 * @example
 * setCookie(response, "__Host-session", id, { secure: true, maxAge: 3600 });
 */
export function setCookie(response: Response, name: string, value: string, attributes: CookieAttributes = {}): void {
  const line = formatSetCookie(name, encode(value), { path: "/", httpOnly: true, sameSite: "lax", ...attributes });
  // RFC 6265bis §4.1.1: a response should not have two of one name.
  const others = response.headers.getSetCookie().filter((other) => !other.startsWith(`${name}=`));
  response.headers.delete("set-cookie");
  for (const other of others) response.headers.append("set-cookie", other);
  response.headers.append("set-cookie", line);
}

/**
 * Removes a cookie from the user agent.
 *
 * @param attributes the path and domain that it was set with, and for a `__Host-` or `__Secure-` cookie `secure`
 */
export function deleteCookie(
  response: Response,
  name: string,
  attributes: Omit<CookieAttributes, "maxAge" | "expires"> = {},
): void {
  setCookie(response, name, "", { ...attributes, maxAge: 0, expires: 0 });
}

/** Percent-encodes what is no cookie-octet (RFC 6265bis §4.1.1), and `%` itself. */
function encode(value: string): string {
  return value.toWellFormed().replace(/[^\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+/g, encodeURIComponent);
}

function decode(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
