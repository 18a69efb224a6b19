import { isInstanceName } from "../server/control/control-folder.ts";
import type { Arguments } from "./arguments.ts";
import { UsageError } from "./usage-error.ts";

/** The value of `--name`. @throws {UsageError} when it is no name */
export function instanceName(args: Arguments): string | undefined {
  const name = args.text("name");
  if (name === undefined || isInstanceName(name)) return name;
  throw new UsageError(`--name is made of letters, digits, ., _ and -, 63 at most, got ${JSON.stringify(name)}.`);
}
