import type { Handler } from "../http/handler.ts";
import { Request } from "../http/request.ts";
import { encodePath } from "./loader/file-path.ts";

/**
 * Has a handler see the rest of the path as its whole path: `/docs/a` is `/a` to what is mounted at `/docs`, and `/docs`
 * itself is `/`. The request is not changed; `fullPath` still tells the whole.
 *
 * @param segments how many segments the prefix has
 * @param url whether the target, and with it `url`, loses the prefix too: for apps that route by the URL
 */
export function underPrefix(segments: number, handler: Handler, url: boolean): Handler {
  if (segments === 0) return handler;
  return (request) => {
    const { path, target } = request;
    let at = 0;
    for (let count = 0; count < segments && at !== -1; count++) at = path.indexOf("/", at + 1);
    const rest = at === -1 ? "/" : path.slice(at);
    return handler(Request.under(request, rest, url ? restOfTarget(request, at, rest) : target));
  };
}

function restOfTarget({ path, target, search }: Request, at: number, rest: string): string {
  // What is sent may differ from the canonical path in escapes and dots; then the rest is written anew.
  if (at !== -1 && target.startsWith(path)) return target.slice(at);
  return search === "" ? encodePath(rest) : `${encodePath(rest)}?${search}`;
}
