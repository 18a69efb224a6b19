import { NotFoundError } from "../../http/http-error.ts";
import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import { isInternal } from "../../http/target.ts";
import { encodePath } from "./file-path.ts";

/**
 * What stands before `path` in the whole path of a request: the prefix that mounts took off, without a final `/`.
 *
 * Someone who asks for exactly `/files`, where a loader is mounted, asks it for `/` as well; so the prefix is `/files`.
 */
export function prefixOf(request: Request, path: string): string {
  const { fullPath } = request;
  if (fullPath.endsWith(path)) return fullPath.slice(0, -path.length);
  return path === "/" ? fullPath : "";
}

/**
 * A lasting redirect from one path of a loader to another, with the same query.
 *
 * It is made from the canonical path and starts with one `/`: `//evil.example` would be another host.
 *
 * @throws NotFoundError for an internal path, which no client can ask for
 */
export function redirectTo(request: Request, from: string, to: string): Response {
  if (isInternal(request.fullPath)) throw new NotFoundError();
  const path = `/${prefixOf(request, from)}${to}`.replace(/^\/+/, "/");
  const query = request.search === "" ? "" : `?${request.search}`;
  return new Response(null, { status: 308, headers: { location: encodePath(path) + query } });
}
