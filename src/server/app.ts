import { isPromise } from "../base/maybe-promise.ts";
import { fetchApp, type FetchApp } from "../hosts/fetch-app.ts";
import type { Handler } from "../http/handler.ts";
import { toResponse } from "../http/make.ts";

/** Anything that answers requests: a handler, an arc, a host, or an app with `fetch` (Hono, h3, tRPC). */
export type App = Handler | FetchApp;

export function handlerOf(app: App): Handler {
  if (typeof app !== "function") return fetchApp(app);
  return (request) => {
    const value: unknown = app(request);
    return isPromise(value) ? value.then((later) => toResponse(later)) : toResponse(value);
  };
}
