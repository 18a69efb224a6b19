import { availableParallelism } from "node:os";
import { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { currentFleet, setFleet } from "./enrolment.ts";
import type { Dispatch } from "./messages.ts";
import { type Legacy, Primary } from "./primary.ts";

/** What a process ends with when its workers do nothing but end: `EX_SOFTWARE` of sysexits.h. */
const GIVEN_UP = 70;

/** SIGUSR1 may mean workers as well, and is to open a port in none of them. Node has the flag since 22.14. */
const NO_INSPECTOR = ["--disable-sigusr1"].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));

/** The primary of this process, made when the first server starts in workers. All its servers run in the same workers. */
export function fleet(workers: number | "auto", dispatch: Dispatch, log: Log, legacy?: Legacy): Primary {
  const before = currentFleet();
  if (before !== undefined && !before.generations.isStopping) return before;
  const primary = makePrimary(workers === "auto" ? availableParallelism() : workers, dispatch, log, legacy);
  setFleet(primary);
  return primary;
}

/** A primary that starts the program of this process. @param legacy what there is already */
export function makePrimary(count: number, dispatch: Dispatch, log: Log, legacy?: Legacy): Primary {
  const [, file] = process.argv;
  if (file === undefined) {
    throw new MillraceError("NO_PROGRAM", "This process runs no file that workers could run, too.", {
      hint: "Start the program from a file: millrace run FILE, or node FILE.",
    });
  }
  const program = { file, args: process.argv.slice(2), execArgv: [...process.execArgv, ...NO_INSPECTOR] };
  return new Primary({
    count,
    dispatch,
    log,
    program,
    legacy,
    onGivenUp({ code, message }) {
      log.write("error", `No worker is left: ${message}`, { code });
      process.exit(GIVEN_UP);
    },
  });
}
