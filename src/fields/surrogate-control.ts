import { trimOws } from "../base/ascii.ts";
import { type CacheControl, parseCacheControl } from "./cache-control.ts";
import { Scanner } from "./scanner.ts";

/**
 * The directives of `Surrogate-Control`, its lines joined by commas: what origins told the caches before them until
 * RFC 9213, and many still do. W3C Edge Architecture Specification 1.0, §2.
 *
 * A directive with a parameter is for the cache of that name, and nobody calls this one by its name. Undefined when there
 * is no directive for everybody.
 *
 * ```ts
 * parseSurrogateControl("max-age=60, no-store;fred")?.maxAge // 60
 * ```
 */
export function parseSurrogateControl(value: string | null): CacheControl | undefined {
  if (value === null) return undefined;
  const scanner = new Scanner(value);
  const directives: string[] = [];
  for (let start = 0; ; start = ++scanner.position) {
    scanner.skipElement();
    const directive = trimOws(value.slice(start, scanner.position));
    if (directive !== "" && !directive.includes(";")) directives.push(directive);
    if (scanner.done) break;
  }
  return directives.length === 0 ? undefined : parseCacheControl(directives.join(","));
}
