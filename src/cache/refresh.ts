import { setImmediate } from "node:timers/promises";
import type { MaybePromise } from "../base/maybe-promise.ts";
import { type Content, isStreamed } from "../http/content.ts";
import { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";
import { validatingHeaders } from "./conditional.ts";
import type { StoredResponse } from "./stored-response.ts";

/** Milliseconds that a validation in the background may take. */
const LIMIT = 60_000;

/**
 * Has a stored response validated in the background, unless that is under way. RFC 5861 §3.
 *
 * @param request the one that it has just answered
 * @param ask asks the origin whether it is still good. Both requests are an exchange of their own, without what the client
 *   asked beside; `plain` is `asked` without conditions
 */
export function refresh(
  request: Request,
  stored: StoredResponse,
  ask: (plain: Request, asked: Request) => MaybePromise<Response>,
): void {
  if (stored.isRefreshing) return;
  stored.isRefreshing = true;
  const asked = Request.derive(request, validatingHeaders(request, stored), true);
  const plain = Request.derive(request, validatingHeaders(request, undefined), true);
  const late = new DOMException("The validation took too long", "TimeoutError");
  const timer = setTimeout(() => Request.abort(asked, late), LIMIT).unref();
  // The client's answer goes first.
  setImmediate()
    .then(() => ask(plain, asked))
    .then((response) => drain(Response.parts.content(response)))
    .catch(() => {})
    .finally(() => {
      clearTimeout(timer);
      stored.isRefreshing = false;
      Request.end(asked, 0);
    });
}

async function drain(content: Content): Promise<void> {
  if (isStreamed(content)) for await (const _ of content as AsyncIterable<unknown>);
}
