import { existsSync } from "node:fs";
import { MillraceError } from "../base/errors.ts";
import type { Arguments } from "./arguments.ts";

const NAMES = ["millrace.config.ts", "millrace.config.mts", "millrace.config.js", "millrace.config.mjs"];

/**
 * The config to use: the one that `--config` names, else, where it is `wanted`, the one in the current folder.
 *
 * @throws {MillraceError} `FILE_MISSING`
 */
export function configFile(args: Arguments, wanted: boolean): string | undefined {
  const named = args.text("config");
  if (named !== undefined && !existsSync(named))
    throw new MillraceError("FILE_MISSING", `There is no config ${named}.`);
  return named ?? (wanted ? NAMES.find((name) => existsSync(name)) : undefined);
}
