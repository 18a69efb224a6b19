import { isPromise, type MaybePromise } from "../base/maybe-promise.ts";
import type { Handler } from "../http/handler.ts";
import { Headers } from "../http/headers.ts";
import { toResponse } from "../http/make.ts";
import { native } from "../http/native.ts";
import { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";

/** An app of the Fetch standard: Hono, h3, tRPC and their kin. */
export interface FetchApp {
  // oxlint-disable-next-line typescript/no-explicit-any -- each declares a request of its own kind
  fetch(request: any): MaybePromise<globalThis.Response | Response>;
}

/** How an app is mounted. */
export interface FetchAppOptions {
  /**
   * Whether the platform's `Request`, `Response` and `Headers` stay as they are. Default: whether the environment
   * variable `MILLRACE_KEEP_GLOBALS` is `1`. See {@link lightenGlobals}.
   */
  readonly keepGlobals?: boolean;
}

/** The handler of an app. */
export function fetchApp(app: FetchApp, options: FetchAppOptions = {}): Handler {
  if (!(options.keepGlobals ?? process.env["MILLRACE_KEEP_GLOBALS"] === "1")) lightenGlobals();
  return (request) => {
    const response: unknown = app.fetch(request);
    return isPromise(response) ? response.then((later) => toResponse(later)) : toResponse(response);
  };
}

/**
 * Puts light classes in place of the platform's, as the adapters of Hono and h3 do: an app makes a response per request,
 * and making the platform's costs more than all else that happens to the request.
 *
 * `new Response()` gives millrace's, `new Headers()` too; `new Request()` and `fetch()` are still the platform's and
 * take millrace's requests as well. `instanceof` holds for both kinds. Done once per process, when the first app is
 * mounted, unless the mount or `MILLRACE_KEEP_GLOBALS=1` says no.
 */
export function lightenGlobals(): void {
  if (globalThis.Response === (LightResponse as unknown)) return;
  Object.assign(globalThis, {
    Response: LightResponse,
    Headers: LightHeaders,
    Request: openRequest(),
    fetch: openFetch,
  });
}

const { fetch: nativeFetch } = globalThis;

class LightResponse extends Response {
  static override readonly name = "Response";

  static override [Symbol.hasInstance](this: Function, value: unknown): boolean {
    return isInstance(this, LightResponse, native.Response, value);
  }
}

class LightHeaders extends Headers {
  static override readonly name = "Headers";

  static override [Symbol.hasInstance](this: Function, value: unknown): boolean {
    return isInstance(this, LightHeaders, native.Headers, value);
  }
}

/** The platform's request, which alone can be sent, from what millrace has received too. */
function openRequest(): typeof globalThis.Request {
  return class OpenRequest extends native.Request {
    static override readonly name = "Request";

    constructor(input: RequestInfo | URL, init?: globalThis.RequestInit) {
      super(sendable(input), init);
    }

    static override [Symbol.hasInstance](this: Function, value: unknown): boolean {
      return isInstance(this, OpenRequest, native.Request, value);
    }
  };
}

/** `instanceof` must hold for what the platform itself makes, such as the response of `fetch()`. */
function isInstance(asked: Function, light: Function, platform: Function, value: unknown): boolean {
  return Function.prototype[Symbol.hasInstance].call(asked === light ? platform : asked, value);
}

function openFetch(input: RequestInfo | URL, init?: globalThis.RequestInit): Promise<globalThis.Response> {
  return nativeFetch(sendable(input), init);
}
Object.defineProperty(openFetch, "name", { value: "fetch" });

type RequestInfo = string | globalThis.Request;

/** The platform looks into its own requests in a way that ours cannot answer. */
function sendable(input: RequestInfo | URL): RequestInfo | URL {
  const received: unknown = input;
  if (!(received instanceof Request)) return input;
  const { method, url, headers, body, signal } = received;
  return new native.Request(url, {
    method,
    headers: [...headers],
    body,
    signal,
    duplex: "half",
  });
}
