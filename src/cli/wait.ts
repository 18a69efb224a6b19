import { ask } from "../server/control/ask.ts";
import type { Command } from "./command.ts";
import { instanceName } from "./instance-name.ts";

/** `millrace wait` */
export const wait: Command = {
  name: "wait",
  usage: "[--name NAME]",
  flags: ["name"],
  description: "Waits until the instance has ended.",
  async run(_, args) {
    const { name, ended } = await ask(instanceName(args), { command: "ping" });
    await ended;
    process.stdout.write(`${name} has ended\n`);
  },
};
