import { evaluatePreconditions, ifRangeHolds, readPreconditions } from "../../fields/preconditions.ts";
import {
  type ByteRange,
  formatContentRange,
  formatUnsatisfiedRange,
  parseRange,
  type RangeResult,
} from "../../fields/range.ts";
import { Headers } from "../../http/headers.ts";
import { HttpError } from "../../http/http-error.ts";
import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import { isClaimed } from "../../pipeline/presenters.ts";
import { byteranges } from "./byteranges.ts";
import type { LoadedFile } from "./loaded-file.ts";

/**
 * The response that a request gets from a file it may have: all of it, some ranges, or word that the client's copy is
 * still good.
 *
 * @throws HttpError 412 when a precondition fails; 416 when no range can be had
 */
export function fileResponse(request: Request, file: LoadedFile): Response {
  if (!request.isConditional || isClaimed(request, file)) return file.response(request);
  return conditionalResponse(request, file);
}

/**
 * The response to a request with Range or preconditions.
 *
 * @param whole the response with all of the file, when its fields are more than the file's own
 * @throws HttpError 412 when a precondition fails; 416 when no range can be had
 */
export function conditionalResponse(request: Request, file: LoadedFile, whole?: Response): Response {
  const validators = file.validators(Date.now());
  const verdict = evaluatePreconditions(
    request.method,
    readPreconditions((name) => request.headers.get(name)),
    validators,
    true,
  );
  if (verdict === "failed") throw new HttpError(412);
  if (verdict === "not-modified") return whole === undefined ? file.notModified() : notModified(whole.headers);
  // RFC 9110 §14.2: GET is the only method that ranges are defined for.
  const range = request.method === "GET" ? fieldOf(request, "range") : undefined;
  const result = ifRangeHolds(fieldOf(request, "if-range"), validators) ? rangesOf(range, file) : NO_RANGES;
  if (result.kind === "none") return whole ?? file.response(request);
  if (result.kind === "unsatisfiable") {
    throw new HttpError(416, { fields: { "content-range": formatUnsatisfiedRange(file.size) } });
  }
  return partialResponse(
    request,
    file,
    result.ranges,
    whole === undefined ? file.headers() : new Headers(whole.headers),
  );
}

const NO_RANGES = { kind: "none" } as const;

function rangesOf(range: string | undefined, file: LoadedFile): RangeResult {
  return range === undefined ? NO_RANGES : parseRange(range, file.size);
}

/** RFC 9110 §15.4.5: a 304 has what updates a stored response, and nothing of the content that it does not have. */
function notModified(fields: Headers): Response {
  const headers = new Headers(fields);
  for (const name of ["accept-ranges", "content-type", "content-disposition", "last-modified"]) headers.delete(name);
  return new Response(null, { status: 304, headers });
}

/** 206. RFC 9110 §15.3.7: one range is the content itself, several are multipart. */
function partialResponse(request: Request, file: LoadedFile, ranges: readonly ByteRange[], headers: Headers): Response {
  const part = ({ start, end }: ByteRange) => file.part(request, start, end - start + 1);
  const [first, ...others] = ranges;
  if (others.length === 0) {
    headers.set("content-range", formatContentRange(first!, file.size));
    return file.responseOf(part(first!), 206, headers);
  }
  const { type, content } = byteranges(ranges, file.size, file.type, part);
  headers.set("content-type", type);
  return file.responseOf(content, 206, headers);
}

function fieldOf(request: Request, name: string): string | undefined {
  return request.headers.get(name) ?? undefined;
}
