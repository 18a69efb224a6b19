import { statSync } from "node:fs";
import type { Command } from "./command.ts";
import { served } from "./served.ts";
import { SERVER_FLAGS, startServer } from "./start-server.ts";
import { UsageError } from "./usage-error.ts";
import { withAutorun } from "./with-autorun.ts";

/** `millrace [serve] [FOLDER]` */
export const serve: Command = {
  name: "serve",
  usage: "[FOLDER]",
  flags: [...SERVER_FLAGS, "config", "listing"],
  description: "Without FOLDER, millrace.config.ts says what is served, or it is the current folder.",
  async run([folder, ...rest], args) {
    if (rest.length > 0) throw new UsageError(`"millrace serve" takes one folder, got ${rest[0]} as well.`);
    if (folder !== undefined && statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new UsageError(`There is no folder ${folder}.`);
    }
    const { what, config, options } = served(folder, args);
    await startServer(withAutorun(await options(), config, args), what, args);
  },
};
