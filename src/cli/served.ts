import { existsSync, statSync } from "node:fs";
import { files } from "../hosts/loader/files.ts";
import type { ServerOptions } from "../server/options.ts";
import type { Arguments } from "./arguments.ts";
import { configFile } from "./config-file.ts";
import { loadModule } from "./load-module.ts";
import { optionsOf } from "./options-of.ts";
import { UsageError } from "./usage-error.ts";

/** What a command serves. */
export interface Served {
  /** As it is called to people. */
  readonly what: string;
  /** The module that says so, if one does. */
  readonly module: string | undefined;
  /** The same where it is a config, beside which scripts may be. */
  readonly config: string | undefined;
  /** Loads it. */
  readonly options: () => Promise<ServerOptions>;
}

/**
 * What is served: a module, a folder with the settings of a config that is named, or what the config in the current folder
 * says, or else that folder.
 *
 * @throws {UsageError} when there is no such file or folder
 */
export function served(what: string | undefined, args: Arguments): Served {
  if (what !== undefined && !existsSync(what)) throw new UsageError(`There is no file or folder ${what}.`);
  const isFolder = what === undefined || statSync(what).isDirectory();
  if (!isFolder) {
    return { what, module: what, config: undefined, options: async () => optionsOf(await loadModule(what), what) };
  }
  const config = configFile(args, what === undefined);
  const load = async (): Promise<ServerOptions> =>
    config === undefined ? {} : optionsOf(await loadModule(config), config);
  if (config !== undefined && what === undefined) return { what: config, module: config, config, options: load };
  const root = what ?? ".";
  const options = async (): Promise<ServerOptions> => {
    const { hosts: _, autorun: __, ...settings } = await load();
    return { ...settings, app: files(root, { listing: args.is("listing") ?? true }) };
  };
  return { what: root, module: config, config: undefined, options };
}
