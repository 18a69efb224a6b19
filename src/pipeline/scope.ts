import { MillraceError } from "../base/errors.ts";
import { parseHost } from "../fields/host.ts";
import type { Request } from "../http/request.ts";
import { isAtOrBelow, parsePathPrefix } from "./path-prefix.ts";

/** Which requests something is for: those that all of its parts say yes to. */
export interface Scope {
  /** Host names, without port. */
  readonly host?: string | readonly string[] | undefined;
  /** Paths: each stands for itself and all below it, so that `/api` takes `/api/users` and not `/apish`. */
  readonly path?: string | readonly string[] | undefined;
  /** Any other test. It must not wait for anything. */
  readonly when?: ((request: Request) => boolean) | undefined;
}

/** Whether a request is in a scope. */
export type InScope = (request: Request) => boolean;

/** The test of a scope. @throws MillraceError `BAD_SCOPE` */
export function inScope({ host, path, when }: Scope): InScope {
  const tests: InScope[] = [];
  if (host !== undefined) tests.push(hostTest([host].flat()));
  if (path !== undefined) tests.push(pathTest([path].flat()));
  if (when !== undefined) tests.push(when);
  const [first, ...others] = tests;
  if (first === undefined) return () => true;
  return others.length === 0 ? first : (request) => tests.every((test) => test(request));
}

function hostTest(given: readonly string[]): InScope {
  const names = given.map((text) => {
    const parsed = parseHost(text);
    if (parsed !== undefined && parsed.port === -1 && !text.includes("*")) return parsed.name;
    const hint = "Names have neither port nor pattern; for all else there is when.";
    throw new MillraceError("BAD_SCOPE", `${JSON.stringify(text)} is no host name`, { hint });
  });
  return ({ host }) => {
    const name = host === "" ? undefined : parseHost(host)?.name;
    return name !== undefined && names.includes(name);
  };
}

function pathTest(given: readonly string[]): InScope {
  const prefixes = given.map(parsePathPrefix);
  return ({ fullPath }) => prefixes.some((prefix) => isAtOrBelow(fullPath, prefix));
}

/** How a scope reads in a listing. */
export function scopeText({ host, path, when }: Scope): string {
  const parts = [
    host === undefined ? "" : `host ${[host].flat().join(", ")}`,
    path === undefined ? "" : `path ${[path].flat().join(", ")}`,
    when === undefined ? "" : "when a test says so",
  ];
  return parts.filter((part) => part !== "").join(", ");
}
