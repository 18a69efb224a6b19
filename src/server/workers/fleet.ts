import type { Log } from "../../base/log.ts";
import { availableParallelism } from "node:os";
import type { Dispatch } from "./messages.ts";
import { Primary } from "./primary.ts";

let primary: Primary | undefined;

/** The primary of this process, made when the first server starts in workers. All its servers run in the same workers. */
export function fleet(workers: number | "auto", dispatch: Dispatch, log: Log): Primary {
  const [, file = ""] = process.argv;
  const program = { file, args: process.argv.slice(2), execArgv: process.execArgv };
  const count = workers === "auto" ? availableParallelism() : workers;
  return (primary ??= new Primary({ count, dispatch, log, program }));
}

/** The primary of this process, if it has become one. */
export function currentFleet(): Primary | undefined {
  return primary;
}
