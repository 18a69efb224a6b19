import { ask } from "../server/control/ask.ts";
import type { Command } from "./command.ts";
import { instanceName } from "./instance-name.ts";

/** `millrace ping` */
export const ping: Command = {
  name: "ping",
  usage: "[--name NAME]",
  flags: ["name"],
  description: "Ends with 0 when the instance answers.",
  async run(_, args) {
    const { name, end } = await ask(instanceName(args), { command: "ping" });
    end();
    process.stdout.write(`${name} is there\n`);
  },
};
