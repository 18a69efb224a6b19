import { CONDITION_FIELDS, evaluatePreconditions, ifRangeHolds, readPreconditions } from "../fields/preconditions.ts";
import { formatContentRange, formatUnsatisfiedRange, parseRange } from "../fields/range.ts";
import { Headers } from "../http/headers.ts";
import type { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";
import type { StoredResponse } from "./stored-response.ts";

/** RFC 9110 §15.4.5: what 304 repeats. Content-Type and the like are of content that it has not. */
const OF_NOT_MODIFIED = new Set([
  "age",
  "cache-control",
  "cache-status",
  "cdn-cache-control",
  "content-location",
  "date",
  "etag",
  "expires",
  "last-modified",
  "vary",
]);

/**
 * What a request with preconditions or a range gets from what is stored, unless it is the whole response. RFC 9111 §4.3.2,
 * RFC 9110 §13.2, §14.2.
 *
 * @param cacheStatus how the cache came to it
 */
export function conditionally(
  request: Request,
  stored: StoredResponse,
  now: number,
  cacheStatus: string,
): Response | undefined {
  // RFC 9110 §13.2.1: preconditions count where the answer would be 2xx.
  if (stored.status < 200 || stored.status > 299) return undefined;
  const { validators } = stored;
  const preconditions = readPreconditions((name) => request.headers.get(name));
  const verdict = evaluatePreconditions(request.method, preconditions, validators, true);
  if (verdict === "failed") return new Response(null, { status: 412, headers: { "cache-status": cacheStatus } });
  if (verdict === "not-modified") return notModified(stored.headersFor(now, cacheStatus));
  const range = request.method === "GET" && stored.status === 200 ? request.headers.get("range") : null;
  if (range === null || stored.capture !== undefined) return undefined;
  if (!ifRangeHolds(request.headers.get("if-range") ?? undefined, validators)) return undefined;
  return part(range, stored, stored.headersFor(now, cacheStatus));
}

function notModified(headers: Headers): Response {
  const kept = new Headers();
  const lines = Headers.lines(headers);
  for (let at = 0; at < lines.length; at += 2)
    if (OF_NOT_MODIFIED.has(lines[at]!)) kept.append(lines[at]!, lines[at + 1]!);
  return new Response(null, { status: 304, headers: kept });
}

/** One range of the content. Several at once are answered with all of it, as RFC 9110 §14.2 allows. */
function part(range: string, stored: StoredResponse, headers: Headers): Response | undefined {
  const result = parseRange(range, stored.length, { maxRanges: 1 });
  if (result.kind === "none") return undefined;
  headers.delete("content-length");
  if (result.kind === "unsatisfiable") {
    headers.delete("content-type");
    headers.set("content-range", formatUnsatisfiedRange(stored.length));
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = result.ranges[0]!;
  headers.set("content-range", formatContentRange({ start, end }, stored.length));
  return new Response(stored.whole().subarray(start, end + 1), { status: 206, headers });
}

/** The header section of a request that asks whether a stored response is still good. RFC 9111 §4.3.1. */
export function validatingHeaders(request: Request, stored: StoredResponse | undefined): Headers {
  const headers = new Headers(request.headers);
  for (const name of CONDITION_FIELDS) headers.delete(name);
  const etag = stored?.headers.get("etag") ?? null;
  const modified = stored?.headers.get("last-modified") ?? null;
  if (etag !== null) headers.set("if-none-match", etag);
  if (modified !== null) headers.set("if-modified-since", modified);
  return headers;
}
