import { setTimeout as sleep } from "node:timers/promises";
import { MillraceError } from "../../base/errors.ts";

/** Milliseconds that the last heir may take to go: one that has failed may begin again at once. */
const PATIENCE = 1000;

let heir: number | undefined;
let isFree = Promise.withResolvers<void>();
let reloading: Promise<unknown> | undefined;

/**
 * Reloads, unless another process is taking over.
 *
 * @throws {MillraceError} `HANDOVER_UNDER_WAY`; what `work` throws
 */
export async function whileReloading(work: () => Promise<unknown>): Promise<void> {
  if (heir !== undefined) throw underWay(heir);
  const reload = work();
  reloading = reload;
  try {
    await reload;
  } finally {
    if (reloading === reload) reloading = undefined;
  }
}

/**
 * A process begins to take over, when no reload is under way any more.
 *
 * @throws {MillraceError} `HANDOVER_UNDER_WAY` when another one has begun
 */
export async function beginHandover(pid: number): Promise<void> {
  if (heir !== undefined) await Promise.race([isFree.promise, sleep(PATIENCE, undefined, { ref: false })]);
  if (heir !== undefined) throw underWay(heir);
  heir = pid;
  isFree = Promise.withResolvers();
  // Whether it has failed is told to whoever asked for it.
  await reloading?.catch(() => {});
}

/** It has failed: everything is as it was. */
export function endHandover(): void {
  heir = undefined;
  isFree.resolve();
}

function underWay(pid: number): MillraceError {
  return new MillraceError("HANDOVER_UNDER_WAY", `Process ${pid} is taking over from this instance.`, {
    hint: "Wait until it has, or end that process.",
  });
}
