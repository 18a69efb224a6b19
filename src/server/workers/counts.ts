import type { StoreCounts } from "../../cache/store.ts";

/** How many of what a server has. */
export interface Counts {
  readonly connections: number;
  /** Since the start. */
  readonly requests: number;
  /** Undefined without a cache. */
  readonly cache: StoreCounts | undefined;
}

/** What several have together. */
export function sumOf(all: readonly Counts[]): Counts {
  const connections = all.reduce((sum, each) => sum + each.connections, 0);
  const requests = all.reduce((sum, each) => sum + each.requests, 0);
  const caches = all.flatMap(({ cache }) => cache ?? []);
  return { connections, requests, cache: caches.length === 0 ? undefined : caches.reduce(sumOfCaches) };
}

function sumOfCaches(a: StoreCounts, b: StoreCounts): StoreCounts {
  return { entries: a.entries + b.entries, bytes: a.bytes + b.bytes, evictions: a.evictions + b.evictions };
}
