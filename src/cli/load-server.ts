import { WebServer } from "../server/web-server.ts";
import type { Arguments } from "./arguments.ts";
import { configFile } from "./config-file.ts";
import { loadModule } from "./load-module.ts";
import { optionsOf } from "./options-of.ts";
import { UsageError } from "./usage-error.ts";

/** A server that is made but not started, and the file that it comes from. */
export interface Loaded {
  readonly server: WebServer;
  readonly file: string;
}

/** Makes the server of a module, or else of the config, without starting it. */
export async function loadServer(module: string | undefined, args: Arguments): Promise<Loaded> {
  const file = module ?? configFile(args, true);
  if (file === undefined) throw new UsageError("There is no millrace.config.ts here; name a module or a config.");
  return { server: new WebServer({ ...optionsOf(await loadModule(file), file), log: "off" }), file };
}
