import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import { authorityOf, cacheKey } from "./cache-key.ts";

/** Whether requests with a method leave the origin as it is. RFC 9110 §9.2.1; methods that nobody knows are not safe. */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS" || method === "TRACE";
}

/** The keys of URLs for which what is stored is wrong once a request that is not safe has been answered. RFC 9111 §4.4. */
export function changedBy(request: Request, response: Response): readonly string[] {
  if (response.status < 200 || response.status >= 400) return [];
  const key = cacheKey(request);
  const named = ["location", "content-location"].map((name) => sameOrigin(response.headers.get(name), key));
  return [key, ...named.filter((url) => url !== undefined)];
}

/** The URL that a field names, unless it is another origin's. */
function sameOrigin(target: string | null, key: string): string | undefined {
  if (target === null || !URL.canParse(target, key)) return undefined;
  const url = new URL(target, key);
  return url.host === authorityOf(key) ? url.href : undefined;
}
