import { type CacheControl, parseCacheControl } from "./cache-control.ts";

/** First version, to be replaced: RFC 9213 wants a structured field. */
export function parseTargetedCacheControl(value: string | null): CacheControl | undefined {
  return value === null || value === "" ? undefined : parseCacheControl(value);
}
