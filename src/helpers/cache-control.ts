import { parseCacheControl } from "../fields/cache-control.ts";
import type { CacheControl } from "../fields/cache-control.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";

/**
 * The directives of `Cache-Control` of a request or a response; all of them unset when it has none. RFC 9111 §5.2.
 *
 * @example
 * if (cacheControl(request).noCache !== false) prices.reload();
 */
export function cacheControl(message: Request<unknown> | Response): CacheControl {
  return parseCacheControl(message.headers.get("cache-control"));
}
