import { Response } from "./response.ts";

/** A request that breaks a rule: the status to answer with and the reason to show and to log. */
export interface SyntaxFault {
  readonly status: 400 | 408 | 413 | 414 | 417 | 431 | 501 | 503 | 505;
  readonly reason: string;
}

/** Makes a fault. Faults are made once, when a module loads, and compared by identity. */
export function fault(status: SyntaxFault["status"], reason: string): SyntaxFault {
  return { status, reason };
}

/** What every version of HTTP has to say. */
export const BAD_PATH: SyntaxFault = fault(400, "The path is not well formed");
export const BODY_TIMEOUT: SyntaxFault = fault(408, "The content did not arrive in time");
export const CONTENT_TOO_LARGE: SyntaxFault = fault(413, "The content is too large");
export const CUT_SHORT: SyntaxFault = fault(400, "The client stopped in the middle of a request");
export const HANDLER_TIMEOUT: SyntaxFault = fault(503, "The answer took too long");

/** What a client is told. Nothing of the request is repeated: it may be anything. */
export function faultResponse(reason: SyntaxFault): Response {
  return Response.of(`${reason.reason}\n`, "text/plain; charset=utf-8", { status: reason.status });
}
