import { evaluatePreconditions, readPreconditions } from "../fields/preconditions.ts";
import { formatHttpDate } from "../fields/http-date.ts";
import { HttpError } from "../http/http-error.ts";
import type { Request } from "../http/request.ts";
import { Response, type ResponseInit } from "../http/response.ts";

/** What a handler knows of what it would send. */
export interface Representation {
  /** The entity tag in wire form: `"xyzzy"`, or `W/"xyzzy"` when weak. */
  readonly etag?: string | undefined;
  /** When it was changed last: a Date, or milliseconds since 1970. */
  readonly lastModified?: Date | number | undefined;
}

/**
 * Evaluates the preconditions of a request. RFC 9110 §13.2.2.
 *
 * @param init the fields that the response would have too, such as Cache-Control and Vary
 * @returns the 304 (Not Modified) to answer with; undefined to go on
 * @throws HttpError 412 when a precondition fails
 *
 * @example
 * const etag = `"${user.version}"`;
 * return notModified(request, { etag }) ?? json(user, { headers: { etag } });
 */
export function notModified(
  request: Request<unknown>,
  { etag, lastModified }: Representation,
  init: Pick<ResponseInit, "headers"> = {},
): Response | undefined {
  if (!request.isConditional) return undefined;
  const time = lastModified instanceof Date ? lastModified.getTime() : lastModified;
  const fields = readPreconditions((name) => request.headers.get(name));
  const result = evaluatePreconditions(request.method, fields, { etag, lastModified: time }, true);
  if (result === "failed") throw new HttpError(412);
  if (result === "proceed") return undefined;
  const response = new Response(null, { ...init, status: 304 });
  if (etag !== undefined) response.headers.set("etag", etag);
  else if (time !== undefined) response.headers.set("last-modified", formatHttpDate(time));
  return response;
}
