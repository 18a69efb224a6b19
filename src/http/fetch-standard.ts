import { Headers } from "./headers.ts";
import { native } from "./native.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";

let isJoined = false;

/**
 * Puts our classes below the platform's: `instanceof globalThis.Request` (Response, Headers) holds for them.
 *
 * Every member of the platform's prototypes that needs its own internal state is overridden by ours.
 *
 * The platform's classes are loaded by whoever touches them first, and nothing tells of it: Node defines them in a way
 * that an accessor in their place would lose them. But `instanceof` walks up the prototypes. A proxy stands above ours
 * until the first that comes by, and gives way to the platform's.
 */
export function joinFetchStandard(): void {
  if (isJoined) return;
  isJoined = true;
  for (const ours of [Request, Response, Headers]) {
    Object.setPrototypeOf(ours.prototype, new Proxy(Object.prototype, { getPrototypeOf: () => platformOf(ours) }));
  }
  // A layer asks whether a response is a promise: a dozen times in a request, each of which would go through the proxy.
  Object.defineProperty(Response.prototype, "then", { value: undefined, configurable: true });
}

function platformOf(asked: typeof Request | typeof Response | typeof Headers): object {
  Object.setPrototypeOf(Request.prototype, native.Request.prototype);
  Object.setPrototypeOf(Response.prototype, native.Response.prototype);
  Object.setPrototypeOf(Headers.prototype, native.Headers.prototype);
  return Object.getPrototypeOf(asked.prototype) as object;
}
