import { Request } from "./request.ts";

/**
 * Whether something failed only because its client has gone, such as the reading of content that will not come: the
 * client's business, not the operator's.
 */
export function isClientGone(error: unknown, request: Request): boolean {
  return Request.isAborted(request) && error instanceof DOMException && error.name === "AbortError";
}
