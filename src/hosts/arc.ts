import { isToken } from "../base/ascii.ts";
import { callerPlace, MillraceError, type SourcePlace } from "../base/errors.ts";
import type { MaybePromise } from "../base/maybe-promise.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { KeptResponse } from "../http/kept-response.ts";
import { type Answer, redirect, type RedirectInit } from "../http/make.ts";
import { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import type { After, Before } from "../pipeline/before-after.ts";
import { type ErrorHandler, ErrorHandlers, type ErrorKey, type ErrorOf, errorsLayer } from "../pipeline/errors.ts";
import { Presenters } from "../pipeline/presenters.ts";
import type { PageSource } from "../pipeline/stages.ts";
import { ArcParts } from "./arc-parts.ts";
import { ANY_METHOD, type Filter } from "./claims.ts";
import { answering, compileArc } from "./compile-arc.ts";
import { type FetchApp, fetchApp, type FetchAppOptions } from "./fetch-app.ts";
import { HandlersManager } from "./handlers-manager.ts";
import { underPrefix } from "./mounted.ts";
import { joinPattern, type Params, parsePattern } from "./pattern.ts";
import { type Schema, type Validated, validated } from "./validated.ts";

/** Makes the answer to a request of a route: any value that `toResponse` takes, now or later. */
export type RouteHandler<P extends string> = (request: Request<Params<P>>) => Answer;

/** A {@link RouteHandler} of a route with a schema. */
export type ValidHandler<P extends string, Out> = (request: Request<Params<P>> & Validated<Out>) => Answer;

/** When a route is meant, and what its requests must hold. */
export interface RouteOptions<Out = unknown> {
  /** The route is meant only when this says so; otherwise the next that matches is. */
  readonly filter?: Filter;
  /** What `request.valid("body")` gives. */
  readonly body?: Schema<Out>;
}

/** What can be mounted: an arc, an app of the Fetch standard, or a handler, such as `files()` or `proxy()`. */
export type Mountable = Arc | FetchApp | ((request: Request) => Answer);

/** How something is mounted. */
export interface MountOptions extends FetchAppOptions {
  /**
   * Whether an app sees the URL without the prefix. Default true, as Hono's and h3's own `mount` have it. Handlers find
   * the whole path in `request.fullPath` either way; arcs always match whole paths.
   */
  readonly strip?: boolean;
}

/**
 * Routes, and what all of them have in common.
 *
 * The most specific pattern wins, whatever the order of registration: segment by segment from the left, a literal comes
 * before `:name` and that before `*rest`. A request goes through `before` in turn, then `around`, then the handler (or
 * what is mounted), then `after`; how these answer for each other is said at {@link Arc.before} and {@link Arc.after}.
 *
 * Everything may be added while requests come: the next one meets it.
 *
 * @example
 * const api = arc()
 *   .before(async (request) => { if (!(await allowed(request))) throw new HttpError(401); })
 *   .get("/users/:id", (request) => users.get(request.params.id) ?? new HttpError(404))
 *   .after((response) => { response.headers.set("x-api", "1"); });
 */
export class Arc {
  /** @internal */
  readonly parts: ArcParts = new ArcParts();
  #handler: Handler | undefined;

  constructor() {
    this.parts.watchers.add(() => (this.#handler = undefined));
  }

  /** Registers a route for GET, which HEAD follows. @throws MillraceError `BAD_PATTERN`, `ROUTE_CONFLICT` */
  get<P extends string>(pattern: P, handler: RouteHandler<P>): this;
  get<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
  get(pattern: string, ...rest: RouteRest): this {
    return this.#add("GET", pattern, rest);
  }

  /** Registers a route for HEAD, where it must differ from GET. */
  head<P extends string>(pattern: P, handler: RouteHandler<P>): this;
  head<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
  head(pattern: string, ...rest: RouteRest): this {
    return this.#add("HEAD", pattern, rest);
  }

  /** Registers a route for POST. */
  post<P extends string>(pattern: P, handler: RouteHandler<P>): this;
  post<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
  post(pattern: string, ...rest: RouteRest): this {
    return this.#add("POST", pattern, rest);
  }

  /** Registers a route for PUT. */
  put<P extends string>(pattern: P, handler: RouteHandler<P>): this;
  put<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
  put(pattern: string, ...rest: RouteRest): this {
    return this.#add("PUT", pattern, rest);
  }

  /** Registers a route for PATCH. */
  patch<P extends string>(pattern: P, handler: RouteHandler<P>): this;
  patch<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
  patch(pattern: string, ...rest: RouteRest): this {
    return this.#add("PATCH", pattern, rest);
  }

  /** Registers a route for DELETE. */
  delete<P extends string>(pattern: P, handler: RouteHandler<P>): this;
  delete<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
  delete(pattern: string, ...rest: RouteRest): this {
    return this.#add("DELETE", pattern, rest);
  }

  /** Registers a route for OPTIONS, which is answered with 204 and Allow otherwise. */
  options<P extends string>(pattern: P, handler: RouteHandler<P>): this;
  options<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
  options(pattern: string, ...rest: RouteRest): this {
    return this.#add("OPTIONS", pattern, rest);
  }

  /** Registers a route for every method but CONNECT and TRACE that has no route of its own at the same pattern. */
  all<P extends string>(pattern: P, handler: RouteHandler<P>): this;
  all<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
  all(pattern: string, ...rest: RouteRest): this {
    return this.#add(ANY_METHOD, pattern, rest);
  }

  /**
   * Registers a route for any method by name, such as `QUERY` or `PROPFIND`. Names are case-sensitive. RFC 9110 §9.1.
   *
   * @throws MillraceError `BAD_METHOD` when the method is no token
   */
  route<P extends string>(method: string, pattern: P, handler: RouteHandler<P>): this;
  route<P extends string, Out>(
    method: string,
    pattern: P,
    options: RouteOptions<Out>,
    handler: ValidHandler<P, Out>,
  ): this;
  route(method: string, pattern: string, ...rest: RouteRest): this {
    if (!isToken(method) || method === ANY_METHOD) {
      const hint = "A method is a token; for every method there is all().";
      throw new MillraceError("BAD_METHOD", `${JSON.stringify(method)} is no method`, { hint, place: callerPlace() });
    }
    return this.#add(method, pattern, rest);
  }

  #add(method: string, source: string, rest: RouteRest): this {
    const [options, handler] = rest.length === 1 ? [{}, rest[0]] : rest;
    const { filter, body } = options as RouteOptions;
    const handle = handler as (request: Request) => Answer;
    this.parts.addRoute({
      method,
      source,
      isMount: false,
      filter,
      handler: answering(body === undefined ? handle : (request) => handle(validated(request, body))),
      isLoader: false,
      place: callerPlace(),
    });
    return this;
  }

  /**
   * Adds to what looks at requests before their handlers do, in turn.
   *
   * The first that gives or throws a response has answered: the rest and the handler are skipped, every `after` is not.
   */
  before(...list: Before[]): this {
    this.parts.before.push(...list);
    this.parts.changed();
    return this;
  }

  /**
   * Adds to what looks at responses, in turn: whoever made them, errors included, which are responses by then.
   *
   * One that gives a response puts it in the place of the other; one that throws a response skips the rest of this arc.
   */
  after(...list: After[]): this {
    this.parts.after.push(...list);
    this.parts.changed();
    return this;
  }

  /** Adds layers around the handlers, the first outermost; they stand inside of `before` and `after`. */
  around(...layers: Layer[]): this {
    this.parts.around.push(...layers);
    this.parts.changed();
    return this;
  }

  /** Sets the handler of errors that come from this arc: by name, status or class. See {@link ErrorHandlers}. */
  error<K extends ErrorKey>(key: K, handler: ErrorHandler<ErrorOf<K>>): this {
    this.parts.errors.push([key, handler as ErrorHandler]);
    this.parts.changed();
    return this;
  }

  /**
   * Redirects one path, before any route is looked at; the response is rendered once. 307, or 308 when permanent.
   *
   * @param from a path without parameters
   * @throws MillraceError `BAD_PATTERN`, `ROUTE_CONFLICT`
   */
  redirect(from: string, to: string | URL, init?: RedirectInit): this {
    const place = callerPlace();
    if (parsePattern(from, place).captures.length > 0) {
      const hint = "Register a route that gives redirect(…).";
      throw new MillraceError("BAD_PATTERN", `A static redirect is for one path, not ${from}`, { hint, place });
    }
    this.parts.addRedirect(from, new KeptResponse(redirect(to, init)), place);
    return this;
  }

  /** Registers routes under a prefix that have layers of their own. */
  group(prefix: string, configure: (arc: Arc) => void): this {
    const inner = new Arc();
    this.mount(prefix, inner);
    configure(inner);
    return this;
  }

  /**
   * Mounts an arc, an app or a handler at a prefix and everything below it.
   *
   * A handler sees the rest of the path in `request.path` (`/` at the prefix itself), and an app in its URL; the whole is
   * in `request.fullPath`. Both get every method, but `files()` only GET and HEAD. Routes that are more specific win.
   *
   * @param prefix a pattern such as `/api` or `/:tenant/api`
   * @throws MillraceError `BAD_PATTERN`, `ROUTE_CONFLICT`, `BAD_MOUNT`
   */
  mount(prefix: string, what: Mountable, options: MountOptions = {}): this {
    const place = callerPlace();
    const pattern = parsePattern(prefix, place);
    if (pattern.captures.some(({ isRest }) => isRest)) {
      throw new MillraceError("BAD_PATTERN", `The prefix ${prefix} has a rest`, { hint: "Leave it out.", place });
    }
    if (what instanceof Arc) {
      if (what.parts.holds(this.parts)) {
        throw new MillraceError("BAD_MOUNT", "An arc cannot be mounted in itself", { place });
      }
      this.parts.mount(prefix, what.parts);
      return this;
    }
    const segments = prefix === "/" ? 0 : pattern.segments.filter(({ text }) => text !== "").length;
    const handler =
      typeof what === "function"
        ? underPrefix(segments, answering(what), false)
        : underPrefix(options.strip === false ? 0 : segments, fetchApp(what, options), true);
    this.#addMount(joinPattern(prefix, "/*"), what, handler, place);
    if (segments > 0) this.#addMount(joinPattern(prefix, "/"), what, handler, place);
    return this;
  }

  #addMount(source: string, what: object, handler: Handler, place: SourcePlace | undefined): void {
    const isLoader = "loader" in what;
    const method = isLoader ? "GET" : ANY_METHOD;
    const { loader } = what as { readonly loader?: PageSource };
    this.parts.addRoute({ method, source, isMount: true, filter: undefined, handler, isLoader, loader, place });
  }

  /**
   * Answers a request without a server: for tests, and for whoever takes an app of the Fetch standard.
   *
   * Errors are answered too, so it never throws.
   */
  readonly fetch = (request: Request | globalThis.Request): MaybePromise<Response> => {
    this.#handler ??= this.compile();
    return this.#handler(request instanceof Request ? request : new Request(request));
  };

  /** @internal The handler of this arc by itself. */
  protected compile(): Handler {
    const errors = new ErrorHandlers().setAll(this.parts.errors);
    const { routes, redirects } = compileArc(this.parts, errors);
    const { answer } = errors;
    const handler = errorsLayer(answer)(new HandlersManager({ routes, redirects }).handle);
    // No extension presents anything here: a file whose line asks for it must not be sent as if it did not.
    return new Presenters([]).layer(answer)(handler);
  }
}

/** What follows the pattern when a route is registered. */
type RouteRest = readonly [handler: unknown] | readonly [options: unknown, handler: unknown];

/** A new arc. */
export function arc(): Arc {
  return new Arc();
}
