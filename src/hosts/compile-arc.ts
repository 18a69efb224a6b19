import { isPromise } from "../base/maybe-promise.ts";
import type { Handler, Layer } from "../http/handler.ts";
import type { KeptResponse } from "../http/kept-response.ts";
import { type Answer, toResponse } from "../http/make.ts";
import type { Request } from "../http/request.ts";
import { beforeAfter } from "../pipeline/before-after.ts";
import { ErrorHandlers, errorsLayer } from "../pipeline/errors.ts";
import { compose } from "../pipeline/layer.ts";
import type { ArcParts, OwnRoute } from "./arc-parts.ts";
import { ANY_METHOD } from "./claims.ts";
import { joinPattern, parsePattern } from "./pattern.ts";
import { RouteTable } from "./route-table.ts";

/** An arc with everything that is mounted in it, folded. */
export interface CompiledArc {
  readonly routes: RouteTable<Handler>;
  readonly redirects: ReadonlyMap<string, KeptResponse>;
  /** What stands around each route of the arc itself. */
  readonly layer: Layer;
}

/** Finds who makes a response in place of the file system. */
export type Preparing = (request: Request) => Handler | undefined;

/**
 * Folds an arc: every route gets its layers from the outermost arc to its own, once.
 *
 * @param errors the arc's error handlers, with those of its host behind them
 * @param prepare asked before what serves files, for every method
 */
export function compileArc(parts: ArcParts, errors: ErrorHandlers, prepare?: Preparing): CompiledArc {
  const routes = new RouteTable<Handler>();
  const redirects = new Map<string, KeptResponse>();
  const layer = layerOf(parts, errors);
  const collect = (arc: ArcParts, prefix: string, wrap: Layer, own: ErrorHandlers): void => {
    for (const [from, response] of arc.redirects) redirects.set(joinPattern(prefix, from), response);
    for (const route of arc.routes) {
      for (const variant of route.isLoader && prepare !== undefined ? prepared(route, prepare) : [route]) {
        addRoute(routes, variant, prefix, wrap(variant.handler));
      }
    }
    for (const inner of arc.mounted) {
      const innerErrors = inner.parts.errors.length === 0 ? own : new ErrorHandlers(own).setAll(inner.parts.errors);
      const innerLayer = layerOf(inner.parts, innerErrors);
      const guarded = innerErrors === own ? innerLayer : around(errorsLayer(innerErrors.answer), innerLayer);
      collect(inner.parts, joinPattern(prefix, inner.prefix), around(wrap, guarded), innerErrors);
    }
  };
  collect(parts, "/", layer, errors);
  return { routes, redirects, layer };
}

/** What serves files, and beside it a route for the methods that files do not take but what is prepared may. */
function prepared(route: OwnRoute, prepare: Preparing): OwnRoute[] {
  const { handler } = route;
  return [
    { ...route, handler: (request) => (prepare(request) ?? handler)(request) },
    {
      ...route,
      method: ANY_METHOD,
      filter: (request) => prepare(request) !== undefined,
      handler: (request) => prepare(request)!(request),
    },
  ];
}

function addRoute(routes: RouteTable<Handler>, route: OwnRoute, prefix: string, value: Handler): void {
  const { method, filter, place, isMount } = route;
  const pattern = parsePattern(joinPattern(prefix, route.source), place);
  const { source, shape } = pattern;
  const captures = isMount ? pattern.captures.filter(({ isRest }) => !isRest) : pattern.captures;
  routes.add(pattern, { method, source, shape, captures, filter, place, value });
}

/** Before and after stand outside, layers next to the handler: a layer sees what the handler throws. */
function layerOf({ before, after, around: layers }: ArcParts, errors: ErrorHandlers): Layer {
  const outer = beforeAfter([...before], [...after], errors.answer);
  return (handler) => outer(compose(layers, handler));
}

function around(outer: Layer, inner: Layer): Layer {
  return (handler) => outer(inner(handler));
}

/** What a user gives for a handler, as a handler: its value becomes a response. */
export function answering(handle: (request: Request) => Answer): Handler {
  return (request) => {
    const value = handle(request);
    return isPromise(value) ? value.then((later) => toResponse(later)) : toResponse(value);
  };
}
