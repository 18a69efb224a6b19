import { endOfEntityTag, entityTagListHas, entityTagsMatch } from "./entity-tag.ts";
import { parseHttpDate } from "./http-date.ts";

/** The conditional fields of a request, as received. RFC 9110 §13.1. */
export interface PreconditionFields {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
}

/** Fields that make a request conditional, or ask for a part. RFC 9110 §13.1, §14.2. */
export const CONDITION_FIELDS: readonly string[] = [
  "range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
];

/** Whether any of them is there: without, a response can be sent as it is kept. */
export function hasConditions(headers: { has(name: string): boolean }): boolean {
  return CONDITION_FIELDS.some((name) => headers.has(name));
}

/** The preconditions among fields. @param get gives the value of a field by its name in lower case */
export function readPreconditions(get: (name: string) => string | null): PreconditionFields {
  return {
    ifMatch: get("if-match") ?? undefined,
    ifNoneMatch: get("if-none-match") ?? undefined,
    ifModifiedSince: get("if-modified-since") ?? undefined,
    ifUnmodifiedSince: get("if-unmodified-since") ?? undefined,
  };
}

/** What is known of the selected representation. RFC 9110 §8.8. */
export interface Validators {
  /** In wire form: `"xyzzy"` or `W/"xyzzy"`. */
  readonly etag?: string | undefined;
  /** Milliseconds since 1970; the part of a second counts for nothing, as it is never sent. */
  readonly lastModified?: number | undefined;
  /** The `Date` of the response in milliseconds since 1970. With it, a Last-Modified too young is no strong validator. */
  readonly date?: number | undefined;
}

/** Go on with the method, answer 304 (Not Modified), or answer 412 (Precondition Failed). */
export type PreconditionResult = "proceed" | "not-modified" | "failed";

/**
 * Evaluates the preconditions of a request in the order of RFC 9110 §13.2.2. Call it only when the answer without them
 * would be 2xx or 412 (§13.2.1), and look at `ifRangeHolds` after it says `"proceed"`.
 *
 * A list of entity tags that is malformed matches nothing; a malformed date is no precondition at all.
 *
 * @param exists whether the target has a current representation
 */
export function evaluatePreconditions(
  method: string,
  fields: PreconditionFields,
  validators: Validators,
  exists: boolean,
): PreconditionResult {
  // RFC 9110 §13.2.1: no meaning for methods that neither select nor modify a representation.
  if (method === "OPTIONS" || method === "CONNECT" || method === "TRACE") return "proceed";
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = fields;
  const lastModified = exists ? validators.lastModified : undefined;
  const etag = exists ? validators.etag : undefined;

  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag, "strong", exists)) return "failed";
  } else if (ifUnmodifiedSince !== undefined && lastModified !== undefined) {
    if (toSeconds(lastModified) > toSeconds(parseHttpDate(ifUnmodifiedSince))) return "failed";
  }

  const isRead = method === "GET" || method === "HEAD";
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, etag, "weak", exists)) return isRead ? "not-modified" : "failed";
  } else if (isRead && ifModifiedSince !== undefined && lastModified !== undefined) {
    if (toSeconds(lastModified) <= toSeconds(parseHttpDate(ifModifiedSince))) return "not-modified";
  }
  return "proceed";
}

/**
 * Whether the `Range` of a GET may be honoured; when not, the whole representation is sent with 200. True when
 * `If-Range` is absent. RFC 9110 §13.1.5: strong comparison, and a date only if it is exactly the Last-Modified.
 */
export function ifRangeHolds(ifRange: string | undefined, validators: Validators): boolean {
  if (ifRange === undefined) return true;
  const { etag, lastModified, date } = validators;
  if (endOfEntityTag(ifRange, 0) === ifRange.length) {
    return etag !== undefined && entityTagsMatch(ifRange, etag, "strong");
  }
  if (lastModified === undefined) return false;
  const modified = toSeconds(lastModified);
  // RFC 9110 §8.8.2.2: in its last second a representation may have changed twice.
  if (date !== undefined && modified + 1 > toSeconds(date)) return false;
  return toSeconds(parseHttpDate(ifRange)) === modified;
}

function matches(list: string, etag: string | undefined, comparison: "strong" | "weak", exists: boolean): boolean {
  if (list === "*") return exists;
  return etag !== undefined && entityTagListHas(list, etag, comparison);
}

/** HTTP dates count seconds. NaN (no valid date) stays NaN, and every comparison with it is false. */
function toSeconds(time: number): number {
  return Math.floor(time / 1000);
}
