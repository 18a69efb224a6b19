import { existsSync } from "node:fs";
import { files } from "../hosts/loader/files.ts";
import type { ServerOptions } from "../server/options.ts";
import type { Command } from "./command.ts";
import { configFile } from "./config-file.ts";
import { loadModule } from "./load-module.ts";
import { optionsOf } from "./options-of.ts";
import { SERVER_FLAGS, startServer } from "./start-server.ts";
import { withAutorun } from "./with-autorun.ts";
import { UsageError } from "./usage-error.ts";

/** `millrace [serve] [FOLDER]` */
export const serve: Command = {
  name: "serve",
  usage: "[FOLDER]",
  flags: [...SERVER_FLAGS, "config", "listing"],
  description: "Without FOLDER, millrace.config.ts says what is served, or it is the current folder.",
  async run([folder, ...rest], args) {
    if (rest.length > 0) throw new UsageError(`"millrace serve" takes one folder, got ${rest[0]} as well.`);
    const config = configFile(args, folder === undefined);
    const options: ServerOptions = config === undefined ? {} : optionsOf(await loadModule(config), config);
    if (config !== undefined && folder === undefined) {
      return startServer(withAutorun(options, config, args), config, args);
    }
    const listing = args.is("listing") ?? true;
    const { hosts: _, autorun: __, ...settings } = options;
    const root = folder ?? ".";
    if (!existsSync(root)) throw new UsageError(`There is no folder ${root}.`);
    await startServer({ ...settings, app: files(root, { listing }) }, root, args);
  },
};
