import type { Handler } from "../http/handler.ts";

/** Anything that answers requests: a handler, an arc, a host, or an app with `fetch` (Hono, h3, tRPC). */
export type App = Handler | { readonly fetch: Handler };

export function handlerOf(app: App): Handler {
  return typeof app === "function" ? app : (request) => app.fetch(request);
}
