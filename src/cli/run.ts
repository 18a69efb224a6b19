import type { Command } from "./command.ts";
import { loadModule } from "./load-module.ts";
import { optionsOf } from "./options-of.ts";
import { SERVER_FLAGS, startServer } from "./start-server.ts";
import { withAutorun } from "./with-autorun.ts";
import { UsageError } from "./usage-error.ts";

/** `millrace run FILE` */
export const run: Command = {
  name: "run",
  usage: "FILE",
  flags: SERVER_FLAGS,
  description: "FILE exports as default an arc, a host, a handler, a WebServer, options, or an object with fetch.",
  async run([file, ...rest], args) {
    if (file === undefined) throw new UsageError('"millrace run" needs a file.');
    if (rest.length > 0) throw new UsageError(`"millrace run" takes one file, got ${rest[0]} as well.`);
    await startServer(withAutorun(optionsOf(await loadModule(file), file), undefined, args), file, args);
  },
};
