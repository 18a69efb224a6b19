import { MillraceError } from "../base/errors.ts";
import { parseHost } from "../fields/host.ts";
import type { Request } from "../http/request.ts";
import { canonicalPath } from "../http/target.ts";

/** Which requests something is for: those that all of the parts say yes to. */
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
    throw new MillraceError("BAD_SCOPE", `${JSON.stringify(text)} is no host name`, {
      hint: "Names have neither port nor pattern; for all else there is when.",
    });
  });
  return ({ host }) => {
    const name = host === "" ? undefined : parseHost(host)?.name;
    return name !== undefined && names.includes(name);
  };
}

function pathTest(given: readonly string[]): InScope {
  const prefixes = given.map((text) => {
    if (!text.startsWith("/") || (canonicalPath(text) !== text && !text.startsWith("/./"))) {
      throw new MillraceError("BAD_SCOPE", `${JSON.stringify(text)} is no path`, {
        hint: "Write it decoded, from the first slash on, without dot segments.",
      });
    }
    return text.endsWith("/") ? text.slice(0, -1) : text;
  });
  return ({ fullPath }) => prefixes.some((prefix) => isAtOrBelow(fullPath, prefix));
}

const SLASH = 0x2f;

/** Segments are compared whole: a prefix without its separator would take a sibling for a child. */
function isAtOrBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  return path.length === prefix.length || path.charCodeAt(prefix.length) === SLASH;
}

/** How a scope reads in a listing. */
export function scopeText({ host, path, when }: Scope): string {
  const parts = [
    host === undefined ? "" : `host ${[host].flat().join(", ")}`,
    path === undefined ? "" : `path ${[path].flat().join(", ")}`,
    when === undefined ? "" : `when ${when.name === "when" || when.name === "" ? "a test says so" : `${when.name}()`}`,
  ];
  return parts.filter((part) => part !== "").join(" and ");
}
