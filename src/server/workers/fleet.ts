import { availableParallelism } from "node:os";
import type { Log } from "../../base/log.ts";
import { currentFleet, setFleet } from "./enrolment.ts";
import type { Dispatch } from "./messages.ts";
import { Primary } from "./primary.ts";

/** What a process ends with when its workers do nothing but end: `EX_SOFTWARE` of sysexits.h. */
const GIVEN_UP = 70;

/** The primary of this process, made when the first server starts in workers. All its servers run in the same workers. */
export function fleet(workers: number | "auto", dispatch: Dispatch, log: Log): Primary {
  const before = currentFleet();
  if (before !== undefined && !before.isStopping) return before;
  const [, file = ""] = process.argv;
  const program = { file, args: process.argv.slice(2), execArgv: process.execArgv };
  const count = workers === "auto" ? availableParallelism() : workers;
  const primary = new Primary({
    count,
    dispatch,
    log,
    program,
    onGivenUp({ code, message }) {
      log.write("error", `No worker is left: ${message}`, { code });
      process.exit(GIVEN_UP);
    },
  });
  setFleet(primary);
  return primary;
}
