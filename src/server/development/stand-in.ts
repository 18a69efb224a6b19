import type { Fault } from "../faults/fault-of.ts";
import type { ServerOptions } from "../options.ts";

/** The variable by which a worker knows that it shows a fault in the place of a program that does nothing but crash. */
const VARIABLE = "MILLRACE_STAND_IN";

/** What shows why a program does not run. */
export interface StandIn {
  readonly fault: Fault;
  /** Where the program wanted to listen; null when it has not said so. */
  readonly listen: NonNullable<ServerOptions["listen"]> | null;
}

/** Workers that are started while `work` goes on stand in. */
export async function standingIn(standIn: StandIn, work: () => Promise<void>): Promise<void> {
  process.env[VARIABLE] = JSON.stringify(standIn);
  try {
    await work();
  } finally {
    delete process.env[VARIABLE];
  }
}

/** Whether this process stands in, and for what. */
export function takeStandIn(): StandIn | undefined {
  const text = process.env[VARIABLE];
  delete process.env[VARIABLE];
  return text === undefined ? undefined : (JSON.parse(text) as StandIn);
}
