import { millrace } from "./millrace.ts";
import { native } from "./native.ts";
import type { Peer } from "./peer.ts";
import { scripts } from "./scripts.ts";

/** Every peer, by the name that rows, budgets and `--only` use. */
export const peers: ReadonlyMap<string, Peer> = new Map(
  [...millrace, ...scripts, ...native].map((peer) => [peer.name, peer]),
);
