import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import { canonicalPath } from "../../http/target.ts";
import { encodePath } from "./file-path.ts";

/**
 * What stands before `path` in the canonical path of a request: the prefix that a mount took off, without a final `/`;
 * empty when there is none.
 */
export function prefixOf(request: Request, path: string): string {
  const [raw = ""] = request.target.split("?", 1);
  const whole = canonicalPath(raw) ?? "";
  return whole.endsWith(path) ? whole.slice(0, -path.length) : "";
}

/**
 * A lasting redirect from one path of a loader to another, with the same query.
 *
 * It is made from the canonical path and starts with one `/`: `//evil.example` would be another host.
 */
export function redirectTo(request: Request, from: string, to: string): Response {
  const path = `/${prefixOf(request, from)}${to}`.replace(/^\/+/, "/");
  const query = request.search === "" ? "" : `?${request.search}`;
  return new Response(null, { status: 308, headers: { location: encodePath(path) + query } });
}
