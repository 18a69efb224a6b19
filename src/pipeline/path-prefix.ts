import { MillraceError } from "../base/errors.ts";
import { canonicalPath, isInternal } from "../http/target.ts";

const SLASH = 0x2f;

/**
 * A path that stands for itself and all below it, as it is compared: without a final slash.
 *
 * @throws MillraceError `BAD_SCOPE`
 */
export function parsePathPrefix(text: string): string {
  const isPath = text.startsWith("/") && (canonicalPath(text) === text || isInternal(text));
  if (!isPath) {
    const hint = "Write it decoded, from the first slash on, without dot segments.";
    throw new MillraceError("BAD_SCOPE", `${JSON.stringify(text)} is no path`, { hint });
  }
  return text.endsWith("/") ? text.slice(0, -1) : text;
}

/** Whether a canonical path is that of a prefix or lies below it: `/api` has `/api/users` below it and not `/apish`. */
export function isAtOrBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  return path.length === prefix.length || path.charCodeAt(prefix.length) === SLASH;
}

/** Finds what is meant for a path among what is meant for prefixes: the longest prefix wins. */
export function byPathPrefix<T extends { readonly path: string | readonly string[] }>(
  rules: readonly T[],
): (path: string) => T | undefined {
  const list = rules
    .flatMap((rule) => [rule.path].flat().map((path) => ({ prefix: parsePathPrefix(path), rule })))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  return (path) => list.find(({ prefix }) => isAtOrBelow(path, prefix))?.rule;
}
