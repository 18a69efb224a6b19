import type { MaybePromise } from "../../base/maybe-promise.ts";

/**
 * Says which of several processes runs a task that is to run once among them.
 *
 * Whoever implements it lets one process have all runs of a task as long as that process lives, since the times of
 * `every` differ between processes; and gives it to another no earlier than the run before has been let go.
 */
export interface Lease {
  /**
   * Asks for one run, due at `due` (milliseconds since the epoch). Returns the function that lets it go when the run is
   * over, or undefined when it is not for this process.
   */
  take(task: string, due: number): MaybePromise<(() => void) | undefined>;
}

/** For a process that has no others beside it: everything runs here. */
export const soleLease: Lease = { take: () => () => {} };
