import { Request } from "../http/request.ts";
import { canonicalPath, isInternal } from "../http/target.ts";

/**
 * The same exchange with another target, for a prime to give: routes, the cache and the file system see it, while content,
 * fields, state, signal, address and what is queued by `onEnd` stay those of the request that came. Stages outside of the
 * primes (package, post) still see that one.
 *
 * @param target a path with or without query, escaped as in a URL (`escapeUrl()` is for parts of it). Without `?` the query stays. `/./name` is internal: a
 * route `/./name` can be reached in no other way, since dot segments are removed from what comes from outside.
 * @throws TypeError when the target is no path
 *
 * @example
 * const pretty: Extension = {
 *   name: "pretty",
 *   prime: (request) => (request.path === "/today" ? rewrite(request, "/./day?offset=0") : undefined),
 * };
 */
export function rewrite(request: Request, target: string): Request {
  const question = target.indexOf("?");
  const raw = question === -1 ? target : target.slice(0, question);
  const search = question === -1 ? request.search : target.slice(question + 1);
  const rest = isInternal(raw) ? raw.slice(2) : raw;
  const canonical = rest.startsWith("/") ? canonicalPath(rest) : undefined;
  if (canonical === undefined || /[^\x21-\x7e]|#/.test(target)) {
    throw new TypeError(`A target is a path with an optional query, got ${JSON.stringify(target)}`);
  }
  const path = rest === raw ? canonical : `/.${canonical}`;
  return Request.rewritten(request, path, search === "" ? raw : `${raw}?${search}`, search);
}
