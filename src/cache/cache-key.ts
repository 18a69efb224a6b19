import { lowerAscii } from "../base/ascii.ts";
import type { Request } from "../http/request.ts";

let lastAuthority = "";
let lastSecure = false;
let lastPrefix = "http://";

/**
 * The key of what a request asks for: its URL, with scheme and authority, path and query as they came.
 *
 * RFC 9111 §2: the primary key is method and target URI; only GET is stored. A key without scheme or authority lets one
 * site's answer be served as another's (CVE-2026-2836).
 */
export function cacheKey(request: Request): string {
  const { host, secure } = request;
  if (host !== lastAuthority || secure !== lastSecure) {
    lastAuthority = host;
    lastSecure = secure;
    lastPrefix = `${secure ? "https" : "http"}://${lowerAscii(host)}`;
  }
  return lastPrefix + request.target;
}

/** The key without the query. */
export function withoutQuery(key: string): string {
  const question = key.indexOf("?");
  return question === -1 ? key : key.slice(0, question);
}

/** The authority of a key. */
export function authorityOf(key: string): string {
  const start = key.indexOf("://") + 3;
  const end = key.indexOf("/", start);
  return end === -1 ? key.slice(start) : key.slice(start, end);
}
