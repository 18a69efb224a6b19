import { availableParallelism } from "node:os";
import type { Log } from "../../base/log.ts";
import type { Dispatch } from "./messages.ts";
import { Primary } from "./primary.ts";

/** What a process ends with when its workers do nothing but end: `EX_SOFTWARE` of sysexits.h. */
const GIVEN_UP = 70;

let primary: Primary | undefined;
let servers = 0;

/**
 * A number for each server that this process starts: here or in workers, where the same program gives the same numbers.
 */
export function enrol(): number {
  return servers++;
}

/** The primary of this process, made when the first server starts in workers. All its servers run in the same workers. */
export function fleet(workers: number | "auto", dispatch: Dispatch, log: Log): Primary {
  if (primary !== undefined && !primary.isStopping) return primary;
  const [, file = ""] = process.argv;
  const program = { file, args: process.argv.slice(2), execArgv: process.execArgv };
  const count = workers === "auto" ? availableParallelism() : workers;
  primary = new Primary({
    count,
    dispatch,
    log,
    program,
    onGivenUp({ code, message }) {
      log.write("error", `No worker is left: ${message}`, { code });
      process.exit(GIVEN_UP);
    },
  });
  return primary;
}

/** The primary of this process, if it has become one. */
export function currentFleet(): Primary | undefined {
  return primary;
}
