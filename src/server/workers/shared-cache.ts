import type { ResponseCache } from "../../cache/response-cache.ts";
import type { Selection } from "../../cache/store.ts";
import type { Membership } from "./membership.ts";

const TOPIC = "purge";

interface Purge {
  readonly selection: Selection;
  readonly soft: boolean;
}

/** Has what is purged from the cache of one worker purged from those of all. */
export function sharePurges(cache: ResponseCache, member: Membership): void {
  let isTold = false;
  cache.onPurge = (selection, soft) => {
    // What others tell is not told on.
    if (!isTold) void member.broadcast(TOPIC, { selection, soft });
  };
  member.on(TOPIC, (data) => {
    const { selection, soft } = data as unknown as Purge;
    isTold = true;
    cache.purge(selection, { soft });
    isTold = false;
  });
}
