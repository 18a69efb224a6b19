import { ask } from "../server/control/ask.ts";
import type { Command } from "./command.ts";
import { instanceName } from "./instance-name.ts";

/** `millrace reload` */
export const reload: Command = {
  name: "reload",
  usage: "[--name NAME] [--wait]",
  flags: ["name", "wait", "json"],
  description:
    "Loads program and config anew in new workers. When they listen the old ones end; when one of them fails nothing has\n" +
    "changed, and it is told why. With --wait it waits until the old ones have ended.",
  async run(_, args) {
    const command = { command: "reload", wait: args.is("wait") === true } as const;
    const { name, result, end } = await ask(instanceName(args), command);
    end();
    const { generation, workers } = result as { readonly generation: number; readonly workers: number };
    const text = args.is("json") === true ? JSON.stringify({ name, generation, workers }) : `${name}: reloaded`;
    process.stdout.write(`${text}\n`);
  },
};
