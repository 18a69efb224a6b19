import type { Request } from "../http/request.ts";
import { inScope, type Scope } from "./scope.ts";
import type { Extension } from "./stages.ts";

const METHODS = ["prime", "pre", "present", "errorPage", "package", "post", "share", "close"] as const;

/**
 * The same extension, for some requests only. One that has a scope of its own keeps it: both must take a request.
 *
 * @throws MillraceError `BAD_SCOPE`
 * @example
 * const site = host("example.com").use(scoped({ path: "/api" }, limiter()));
 */
export function scoped(scope: Scope, extension: Extension): Extension {
  const outer = inScope(scope);
  const inner = extension.scope === undefined ? undefined : inScope(extension.scope);
  const both = inner === undefined ? scope : { when: (request: Request) => outer(request) && inner(request) };
  // Its methods stay its own: they may be those of a class, with fields that nobody else can see.
  const methods = METHODS.flatMap((name) => {
    const method = extension[name];
    return method === undefined ? [] : [[name, method.bind(extension)] as const];
  });
  return { ...extension, name: extension.name, ...Object.fromEntries(methods), scope: both };
}
