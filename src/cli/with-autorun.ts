import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { autorunOptions } from "../server/autorun/autorun-options.ts";
import type { ServerOptions } from "../server/options.ts";
import type { Arguments } from "./arguments.ts";

const FOLDER = "autorun";

/**
 * Options with the scripts beside the config, unless it says something about them itself; with `--no-reload` they run
 * once.
 *
 * Never those of a folder that is only served: who may put files there must not run code here.
 */
export function withAutorun(options: ServerOptions, config: string | undefined, args: Arguments): ServerOptions {
  const beside = config === undefined ? undefined : join(dirname(config), FOLDER);
  const isThere = beside !== undefined && statSync(beside, { throwIfNoEntry: false })?.isDirectory() === true;
  const autorun = options.autorun ?? (isThere ? beside : undefined);
  if (args.is("reload") !== false || autorun === false) return { ...options, autorun };
  return { ...options, autorun: { ...autorunOptions(autorun), watch: false } };
}
