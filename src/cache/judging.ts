import { parseCacheControl } from "../fields/cache-control.ts";
import { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import type { StoredResponse } from "./stored-response.ts";

/** Milliseconds that a response may be used stale while its origin cannot be reached. */
const DISCONNECTED_LIMIT = 24 * 3600 * 1000;

/**
 * What to do with a stored response: use it; use it and validate it in the background; validate it first; leave the
 * request to the origin; or answer 504, since nothing else is allowed.
 */
export type Verdict = "use" | "use-and-refresh" | "validate" | "pass" | "unsatisfied";

/** Judges a stored response for a request. RFC 9111 §4.2, §5.2.1, RFC 5861 §3. */
export function judge(request: Request, stored: StoredResponse, now: number): Verdict {
  const { plan, freshUntil } = stored;
  // Our own handlers say how long their responses are good for; clients have no part in it.
  const word = plan.isForeign ? wordOf(request, stored, now) : undefined;
  if (word !== undefined) return word;
  if (now < freshUntil) return "use";
  return now < freshUntil + plan.staleWhileRevalidate ? "use-and-refresh" : "validate";
}

/** What the directives of a request say, or undefined when they leave it to the response. */
function wordOf(request: Request, stored: StoredResponse, now: number): Verdict | undefined {
  // RFC 9111 §4.3.2: these two are for the origin to evaluate.
  if (request.isConditional && (request.headers.has("if-match") || request.headers.has("if-unmodified-since"))) {
    return "pass";
  }
  const control = parseCacheControl(Request.combined(request, "cache-control"));
  const left = stored.freshUntil - now;
  const isTooOld = control.maxAge !== undefined && stored.age(now) > control.maxAge * 1000;
  if (control.noCache !== false || isTooOld || left < (control.minFresh ?? -Infinity) * 1000) {
    return control.onlyIfCached ? "unsatisfied" : "validate";
  }
  if (left > 0) return "use";
  const limit = control.maxStale === true ? Infinity : (control.maxStale ?? 0) * 1000;
  if (stored.plan.mayBeStale && -left < limit) return "use";
  return control.onlyIfCached ? "unsatisfied" : undefined;
}

/** Whether a stored response may stand in for an error. RFC 5861 §4, RFC 9111 §4.2.4. */
export function mayStandIn(stored: StoredResponse, response: Response, now: number): boolean {
  if (response.status < 500) return false;
  const { plan, freshUntil } = stored;
  if (now < freshUntil + plan.staleIfError) return true;
  // What no origin has sent was made here, because it could not be reached.
  const isDisconnected = response.serverCache === undefined && (response.status === 502 || response.status === 504);
  return isDisconnected && plan.mayBeStale && now < freshUntil + DISCONNECTED_LIMIT;
}
