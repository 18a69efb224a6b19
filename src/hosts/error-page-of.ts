import { isPromise, type MaybePromise } from "../base/maybe-promise.ts";
import type { Response } from "../http/response.ts";
import type { ErrorPage } from "../pipeline/errors.ts";
import { inScope } from "../pipeline/scope.ts";
import type { Extension, PageSource } from "../pipeline/stages.ts";
import type { ArcParts } from "./arc-parts.ts";
import { joinPattern } from "./pattern.ts";

/** Asks extensions for the page of an error, in their order; undefined when none of them has any. */
export function errorPageOf(extensions: readonly Extension[], parts: ArcParts): ErrorPage | undefined {
  const site = siteOf(parts, "/");
  const pages = extensions.flatMap((extension): ErrorPage[] => {
    if (extension.errorPage === undefined) return [];
    const page: ErrorPage = (request, error) => extension.errorPage!(request, error, site);
    if (extension.scope === undefined) return [page];
    const applies = inScope(extension.scope);
    return [(request, error) => (applies(request) ? page(request, error) : undefined)];
  });
  if (pages.length < 2) return pages[0];
  const ask = (from: number, ...args: Parameters<ErrorPage>): MaybePromise<Response | void> => {
    for (let at = from; at < pages.length; at++) {
      const made = pages[at]!(...args);
      if (isPromise(made)) return made.then((later) => later ?? ask(at + 1, ...args));
      if (made !== undefined) return made;
    }
    return undefined;
  };
  return (request, error) => ask(0, request, error);
}

/** The files at the root of a host. */
function siteOf(parts: ArcParts, prefix: string): PageSource | undefined {
  const own = parts.routes.find(({ source, loader }) => loader !== undefined && joinPattern(prefix, source) === "/*");
  if (own !== undefined) return own.loader;
  for (const inner of parts.mounted) {
    const found = siteOf(inner.parts, joinPattern(prefix, inner.prefix));
    if (found !== undefined) return found;
  }
  return undefined;
}
