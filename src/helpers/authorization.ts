import { parseBasic, parseBearer, parseCredentials } from "../fields/authorization.ts";
import type { AuthScheme, BasicCredentials } from "../fields/authorization.ts";
import type { Request } from "../http/request.ts";

/**
 * What the request shows of itself: scheme, and parameters or a single token. Undefined when it shows nothing or
 * something malformed. RFC 9110 §11.4.
 */
export function authorization(request: Request<unknown>): AuthScheme | undefined {
  return parseCredentials(request.headers.get("authorization"));
}

/**
 * User and password as a browser asks for them; undefined when there are none. RFC 7617.
 *
 * Compare passwords with `timingSafeEqual` of their digests, and answer 401 with `WWW-Authenticate`.
 *
 * @example
 * const { user, password } = basicCredentials(request) ?? { user: "", password: "" };
 */
export function basicCredentials(request: Request<unknown>): BasicCredentials | undefined {
  return parseBasic(request.headers.get("authorization"));
}

/** The bearer token of the request; undefined when there is none. RFC 6750. */
export function bearerToken(request: Request<unknown>): string | undefined {
  return parseBearer(request.headers.get("authorization"));
}
