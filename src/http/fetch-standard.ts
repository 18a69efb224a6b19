import { Headers } from "./headers.ts";
import { native } from "./native.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";

/**
 * Puts our classes below the platform's: `instanceof globalThis.Request` (Response, Headers) holds for them.
 *
 * Every member of the platform's prototypes that needs its own internal state is overridden by ours.
 */
export function joinFetchStandard(): void {
  Object.setPrototypeOf(Request.prototype, native.Request.prototype);
  Object.setPrototypeOf(Response.prototype, native.Response.prototype);
  Object.setPrototypeOf(Headers.prototype, native.Headers.prototype);
}
