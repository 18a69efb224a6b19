import { parseDecimal } from "../base/ascii.ts";
import { type Content, lengthOf } from "./content.ts";
import { Response } from "./response.ts";

/** The length that content has by itself, or that the handler has set for it; or -1. */
export function knownLength(response: Response, content: Content): number {
  const length = content === null ? -1 : lengthOf(content);
  return length >= 0 ? length : announcedLength(response);
}

/** The Content-Length that a handler has set, or -1. */
function announcedLength(response: Response): number {
  const lines = Response.parts.lines(response);
  if (lines === undefined) return -1;
  const value = response.headers.get("content-length");
  return value === null ? -1 : parseDecimal(value);
}

/** What the head of a response without content on the wire says of its length, or -1 for nothing. RFC 9110 §8.6. */
export function lengthWithoutContent(response: Response, content: Content, isHead: boolean): number {
  const { status } = response;
  // RFC 9110 §8.6: no Content-Length in 1xx and 204; RFC 9110 §15.3.6: 205 has none but says so.
  if (status === 205) return 0;
  if (status < 200 || status === 204 || status === 304) return -1;
  return isHead ? knownLength(response, content) : 0;
}
