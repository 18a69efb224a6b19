import { ask } from "../server/control/ask.ts";
import type { Command } from "./command.ts";
import { instanceName } from "./instance-name.ts";

/** `millrace stop` */
export const stop: Command = {
  name: "stop",
  usage: "[--name NAME] [--wait]",
  flags: ["name", "wait", "json"],
  description: "Lets answers under way end, then the instance: as SIGTERM does. With --wait it waits for that.",
  async run(_, args) {
    const { name, ended, end } = await ask(instanceName(args), { command: "stop" });
    const isWaiting = args.is("wait") === true;
    if (isWaiting) await ended;
    else end();
    const state = isWaiting ? "stopped" : "stopping";
    process.stdout.write(args.is("json") === true ? `${JSON.stringify({ name, state })}\n` : `${name}: ${state}\n`);
  },
};
