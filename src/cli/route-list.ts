import type { SourcePlace } from "../base/errors.ts";
import type { ArcParts } from "../hosts/arc-parts.ts";
import { ANY_METHOD } from "../hosts/claims.ts";
import type { Host } from "../hosts/host.ts";
import { joinPattern, parsePattern } from "../hosts/pattern.ts";
import { RouteTable } from "../hosts/route-table.ts";

/** One line of what a host answers. */
export interface RouteInfo {
  /** A method, `*` for all of them, or `redirect`. */
  readonly method: string;
  /** The whole pattern. */
  readonly pattern: string;
  readonly place: SourcePlace | undefined;
  readonly hasFilter: boolean;
  /** `files` and `mount` for what stands for a whole folder of paths. */
  readonly kind: "route" | "mount" | "files" | "redirect";
  /** How many `before`, `around` and `after` stand around it, from the outermost arc to its own. */
  readonly layers: readonly [before: number, around: number, after: number];
}

/** Everything that a host answers, in the order it was registered. */
export function routesOf(host: Host): RouteInfo[] {
  return [...infosOf(host.parts, "/", [0, 0, 0])];
}

function* infosOf(parts: ArcParts, prefix: string, outer: RouteInfo["layers"]): Generator<RouteInfo> {
  const layers: RouteInfo["layers"] = [
    outer[0] + parts.before.length,
    outer[1] + parts.around.length,
    outer[2] + parts.after.length,
  ];
  for (const from of parts.redirects.keys()) {
    const pattern = joinPattern(prefix, from);
    yield { method: "redirect", pattern, place: undefined, hasFilter: false, kind: "redirect", layers: [0, 0, 0] };
  }
  for (const { method, source, place, filter, isMount, isLoader } of parts.routes) {
    const kind = isLoader ? "files" : isMount ? "mount" : "route";
    yield { method, pattern: joinPattern(prefix, source), place, hasFilter: filter !== undefined, kind, layers };
  }
  for (const inner of parts.mounted) yield* infosOf(inner.parts, joinPattern(prefix, inner.prefix), layers);
}

/** The routes of a host that a path leads to, for any method, the one that answers first. */
export function matchingRoutes(host: Host, path: string, method: string): { found: RouteInfo[]; allow: string } {
  const table = new RouteTable<RouteInfo>();
  const redirects = routesOf(host).filter(({ kind, pattern }) => kind === "redirect" && pattern === path);
  for (const info of routesOf(host)) {
    if (info.kind === "redirect") continue;
    const pattern = parsePattern(info.pattern, info.place);
    const { source, shape, captures } = pattern;
    const filter = info.hasFilter ? (): boolean => true : undefined;
    table.add(pattern, { method: info.method, source, shape, captures, filter, place: info.place, value: info });
  }
  const endpoint = table.find(path);
  const routes = endpoint?.routes(method).map(({ value }) => value) ?? [];
  return { found: [...redirects, ...routes], allow: endpoint?.allow ?? "" };
}

/** The method as it is shown. */
export function methodText({ method }: RouteInfo): string {
  return method === ANY_METHOD ? "ANY" : method;
}
