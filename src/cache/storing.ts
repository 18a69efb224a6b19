import { parseAge } from "../fields/age.ts";
import { type CacheControl, parseCacheControl } from "../fields/cache-control.ts";
import { parseDateIgnoringCase, parseExpires } from "../fields/expires.ts";
import { parseSurrogateControl } from "../fields/surrogate-control.ts";
import { parseTargetedCacheControl } from "../fields/targeted-cache-control.ts";
import { parseVary } from "../fields/vary.ts";
import type { Headers } from "../http/headers.ts";
import { Request } from "../http/request.ts";
import type { ServerCache } from "../http/cache-preference.ts";
import type { Response } from "../http/response.ts";

/** What the cache may do with a response: read from its fields once, when it comes. Times in milliseconds. */
export interface Plan {
  /** Fresh for so long from the moment that its age was 0. */
  readonly lifetime: number;
  /** What its age was when it came. */
  readonly age: number;
  /** When it came, in milliseconds since 1970. */
  readonly came: number;
  /** How long it may be used stale while it is validated in the background. RFC 5861 §3. */
  readonly staleWhileRevalidate: number;
  /** How long it may be used stale when the origin answers with an error. RFC 5861 §4. */
  readonly staleIfError: number;
  /** Whether it may be used stale when the origin cannot be reached. RFC 9111 §4.2.4. */
  readonly mayBeStale: boolean;
  /** Whether its fields are those of somebody else, which a cache passes on with its age, or our own. */
  readonly isForeign: boolean;
  /** Names of the fields that it varies by, in lower case. */
  readonly vary: readonly string[];
  /** Whether it stands for every query. */
  readonly ignoresQuery: boolean;
  /** Fields that are not stored. */
  readonly dropped: readonly string[];
}

/** What a cache is told beside the fields. */
export interface StoringRules {
  /** Seconds that 404 and 410 are kept when nothing says how long. */
  readonly negative: number;
}

/** Statuses whose meaning this cache knows: what `must-understand` asks for. RFC 9111 §5.2.2.3. */
const UNDERSTOOD = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 451, 500, 501, 502, 503, 504,
]);

/**
 * Statuses that are kept without being told for how long. RFC 9110 §15.1 allows 405, 414 and 501 too: whoever can
 * provoke one of those with an odd request would deny the page to everybody (CPDoS).
 */
const HEURISTIC = new Set([200, 203, 204, 300, 301, 308, 404, 410]);

/** Statuses that say something of the request's fields, which no key has: kept, they would deny the page to others. */
const OF_REQUEST = new Set([406, 412, 413, 414, 416, 417, 431]);

/** Milliseconds that heuristics give at most. */
const HEURISTIC_LIMIT = 24 * 3600 * 1000;

/** Milliseconds that an origin of ours keeps 404 and 410, unless it says how long. */
const NEGATIVE_LIMIT = 10_000;

/** Requests with these ask frameworks for something else than their target says: no answer to them is kept. */
const ODD_FIELDS = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "x-original-uri",
  "x-http-path-override",
  "x-forwarded-prefix",
  "x-forwarded-path",
  "x-original-host",
  "x-forwarded-host",
  "x-forwarded-scheme",
  "x-forwarded-server",
  "x-host",
];

/** Nothing is kept. */
export type Refusal =
  | "no-store"
  | "private"
  | "vary"
  | "set-cookie"
  | "nonce"
  | "authorization"
  | "status"
  | "no-freshness"
  | "odd";

/**
 * Whether and how a response to GET may be stored by a shared cache. RFC 9111 §3.
 *
 * @param delay milliseconds between request and response
 * @param wall milliseconds since 1970
 */
export function planOf(
  request: Request,
  response: Response,
  preference: Exclude<ServerCache, "none">,
  delay: number,
  wall: number,
  rules: StoringRules,
): Plan | Refusal {
  const { headers, status } = response;
  const isForeign = preference === "standard";
  // RFC 9213 §2.2: the targeted field stands in for Cache-Control and Expires.
  const targeted =
    parseTargetedCacheControl(headers.get("cdn-cache-control")) ??
    parseSurrogateControl(headers.get("surrogate-control"));
  const control = targeted ?? parseCacheControl(headers.get("cache-control"));
  const refusal = refusalOf(request, response, control, isForeign);
  if (refusal !== undefined) return refusal;
  const vary = parseVary(headers.get("vary"));
  if (vary === "*") return "vary";

  const date = isForeign ? parseDateIgnoringCase(headers.get("date") ?? "") : Number.NaN;
  const made = Number.isNaN(date) ? wall : date;
  const told = isForeign
    ? lifetimeOf(control, targeted === undefined ? headers.get("expires") : null, made)
    : preferredLifetime(preference, control, targeted !== undefined, status);
  const lifetime = told ?? heuristicLifetime(headers, status, control, made, rules);
  const hasValidator = headers.has("etag") || headers.has("last-modified");
  if (lifetime <= 0 && !hasValidator && control.staleWhileRevalidate === undefined) return "no-freshness";
  const forbidden =
    control.mustRevalidate || control.proxyRevalidate || control.sMaxage !== undefined || control.noCache === true;
  return {
    lifetime: Math.max(0, lifetime),
    age: isForeign ? initialAge(headers, made, delay, wall) : 0,
    came: wall,
    // RFC 9111 §5.2.2.2, §5.2.2.8, §5.2.2.10: these forbid to use it stale.
    staleWhileRevalidate: forbidden ? 0 : (control.staleWhileRevalidate ?? 0) * 1000,
    staleIfError: forbidden ? 0 : (control.staleIfError ?? 0) * 1000,
    mayBeStale: !forbidden,
    isForeign,
    vary,
    ignoresQuery: preference === "full" || (typeof preference === "object" && preference.query === false),
    dropped: [...namesOf(control.isPrivate), ...namesOf(control.noCache)],
  };
}

function namesOf(names: boolean | readonly string[]): readonly string[] {
  return typeof names === "boolean" ? [] : names;
}

function refusalOf(
  request: Request,
  response: Response,
  control: CacheControl,
  isForeign: boolean,
): Refusal | undefined {
  const { headers, status } = response;
  const isUnderstood = control.mustUnderstand && UNDERSTOOD.has(status);
  if (control.noStore && !isUnderstood) return "no-store";
  if (control.isPrivate === true) return "private";
  if (headers.has("set-cookie")) return "set-cookie";
  // A nonce that everybody gets is none.
  if (request.state.nonce !== undefined) return "nonce";
  if (control.mustUnderstand && !isUnderstood) return "status";
  // RFC 9111 §3.3: 206 would be an incomplete response, and 304 is none of its own.
  if (status === 206 || status === 304 || status === 101 || OF_REQUEST.has(status)) return "status";
  if (!isForeign && !HEURISTIC.has(status) && status !== 302 && status !== 307) return "status";
  if (ODD_FIELDS.some((name) => Request.field(request, name) !== null)) return "odd";
  if (Request.field(request, "authorization") !== null) {
    // RFC 9111 §3.5
    if (!control.mustRevalidate && !control.isPublic && control.sMaxage === undefined) return "authorization";
  }
  if (isForeign && parseCacheControl(Request.combined(request, "cache-control")).noStore) return "no-store";
  return undefined;
}

/** What the fields say of freshness, or undefined when they do not. RFC 9111 §4.2.1. */
function lifetimeOf(control: CacheControl, expires: string | null, made: number): number | undefined {
  if (control.noCache === true) return 0;
  const seconds = control.sMaxage ?? control.maxAge;
  if (seconds !== undefined) return seconds * 1000;
  const until = parseExpires(expires, made);
  return until === undefined ? undefined : Math.max(0, until - made);
}

/** What a handler of ours wants. Of its fields those count that speak to shared caches, the others are for clients. */
function preferredLifetime(
  preference: Exclude<ServerCache, "none" | "standard">,
  control: CacheControl,
  isTargeted: boolean,
  status: number,
): number {
  const isTold = typeof preference === "object";
  const isNegative = status === 404 || status === 410;
  const wanted = isTold ? preference.maxAge * 1000 : isNegative ? NEGATIVE_LIMIT : Infinity;
  const seconds = control.sMaxage ?? (isTargeted ? control.maxAge : undefined);
  return seconds === undefined ? wanted : Math.min(wanted, seconds * 1000);
}

/** RFC 9111 §4.2.2: a tenth of the time that it has not changed for. */
function heuristicLifetime(
  headers: Headers,
  status: number,
  control: CacheControl,
  made: number,
  rules: StoringRules,
): number {
  if (!HEURISTIC.has(status) && !control.isPublic) return 0;
  const modified = parseDateIgnoringCase(headers.get("last-modified") ?? "");
  if (!Number.isNaN(modified)) return Math.min(HEURISTIC_LIMIT, Math.max(0, (made - modified) / 10));
  return status === 404 || status === 410 ? rules.negative * 1000 : 0;
}

/** RFC 9111 §4.2.3 */
function initialAge(headers: Headers, made: number, delay: number, wall: number): number {
  const apparent = Math.max(0, wall - made);
  const corrected = (parseAge(headers.get("age")) ?? 0) * 1000 + delay;
  // Date has whole seconds: less than one is no age.
  return Math.max(apparent < 1000 ? 0 : apparent, corrected);
}
