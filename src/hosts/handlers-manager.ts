import { isPromise, type MaybePromise } from "../base/maybe-promise.ts";
import type { Handler } from "../http/handler.ts";
import { HttpError, NotFoundError } from "../http/http-error.ts";
import type { KeptResponse } from "../http/kept-response.ts";
import type { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";
import { type Endpoint, EVERY_METHOD } from "./endpoint.ts";
import { redirectTo } from "./loader/redirect-to.ts";
import { captured } from "./pattern.ts";
import type { RouteTable } from "./route-table.ts";
import type { Upgrades } from "./upgrades.ts";

/**
 * What becomes of a path that only exists with a final slash, or only without: `"redirect"` sends GET and HEAD to the
 * other with 308, `"ignore"` takes both for the same, `"strict"` finds nothing.
 */
export type TrailingSlash = "redirect" | "ignore" | "strict";

/** What a {@link HandlersManager} picks from. */
export interface HandlersParts {
  readonly routes: RouteTable<Handler>;
  /** Static redirects by path. */
  readonly redirects?: ReadonlyMap<string, KeptResponse> | undefined;
  /** Protocols that take the connection over. */
  readonly upgrades?: Upgrades | undefined;
  /** Asked when no route matches. */
  readonly loader?: Handler | undefined;
  /** Default `"redirect"`. */
  readonly trailingSlash?: TrailingSlash | undefined;
}

/**
 * Picks the handler of a request and calls it: static redirects, upgrades, then the route by path, by method and by
 * filter, then the loader.
 *
 * A path that has routes, none of them for the method, is 405 with Allow and never 404. HEAD follows GET; OPTIONS is
 * answered with Allow unless a route takes it.
 *
 * @throws (the handler) HttpError 405, NotFoundError
 */
export class HandlersManager {
  readonly #redirects: ReadonlyMap<string, KeptResponse> | undefined;
  readonly #upgrades: Upgrades | undefined;
  readonly #loader: Handler | undefined;
  readonly #trailingSlash: TrailingSlash;
  /** May be swapped while requests come: each meets one table only. */
  routes: RouteTable<Handler>;

  constructor({ routes, redirects, upgrades, loader, trailingSlash }: HandlersParts) {
    this.routes = routes;
    this.#redirects = redirects === undefined || redirects.size === 0 ? undefined : redirects;
    this.#upgrades = upgrades;
    this.#loader = loader;
    this.#trailingSlash = trailingSlash ?? "redirect";
  }

  readonly handle: Handler = (request) => {
    const { path } = request;
    if (this.#redirects !== undefined) {
      const redirect = this.#redirects.get(path);
      if (redirect !== undefined) return redirect.again();
    }
    if (this.#upgrades !== undefined) {
      const upgrade = this.#upgrades.find(request);
      if (upgrade !== undefined) return upgrade(request);
    }
    const endpoint = this.routes.find(path);
    return endpoint === undefined ? this.#missed(request) : this.#answer(endpoint, request, path);
  };

  /** @param path the path that the endpoint was found for */
  #answer(endpoint: Endpoint<Handler>, request: Request, path: string): MaybePromise<Response> {
    const { method } = request;
    const route = method === "GET" && endpoint.get !== undefined ? endpoint.get : endpoint.routes(method)[0];
    if (route === undefined || route.filter !== undefined) return this.#filtered(endpoint, 0, request, path);
    if (route.captures.length > 0) request.params = captured(route.captures, path);
    return route.value(request);
  }

  /** Asks the filters of the routes from `from` on; when none of them is meant, the method is wrong or nothing is here. */
  #filtered(endpoint: Endpoint<Handler>, from: number, request: Request, path: string): MaybePromise<Response> {
    const routes = endpoint.routes(request.method);
    for (let index = from; index < routes.length; index++) {
      const { filter, captures, value } = routes[index]!;
      request.params = captured(captures, path);
      if (filter === undefined) return value(request);
      const verdict = filter(request);
      if (isPromise(verdict)) {
        return verdict.then((meant) => (meant ? value(request) : this.#filtered(endpoint, index + 1, request, path)));
      }
      if (verdict) return value(request);
    }
    return endpoint.refuses(request.method) ? refusal(request, endpoint.allow) : this.#load(request);
  }

  /** There is no route for the path. */
  #missed(request: Request): MaybePromise<Response> {
    const { path } = request;
    // RFC 9110 §9.3.7: OPTIONS * asks about the server. A session gives CONNECT, which no route can take, this path too.
    if (path === "*") return refusal(request, EVERY_METHOD);
    if (this.#trailingSlash === "strict" || path === "/") return this.#load(request);
    const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
    const endpoint = this.routes.find(other);
    if (endpoint === undefined) return this.#load(request);
    if (this.#trailingSlash === "ignore") return this.#answer(endpoint, request, other);
    const mayRedirect = (request.method === "GET" || request.method === "HEAD") && endpoint.takes("GET");
    return mayRedirect ? redirectTo(request, path, other) : this.#load(request);
  }

  #load(request: Request): MaybePromise<Response> {
    if (this.#loader !== undefined) return this.#loader(request);
    throw new NotFoundError();
  }
}

function refusal(request: Request, allow: string): Response {
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
  // RFC 9110 §15.5.6: a 405 must name the methods that would be right.
  throw new HttpError(405, { fields: { allow } });
}
