import { ask } from "../server/control/ask.ts";
import type { Command } from "./command.ts";
import { instanceName } from "./instance-name.ts";
import { UsageError } from "./usage-error.ts";

/** `millrace log reopen` */
export const log: Command = {
  name: "log",
  usage: "reopen [--name NAME]",
  flags: ["name"],
  description:
    "Has log files go on in new ones of the same name, in all workers: for who has renamed them. So does SIGUSR1.",
  async run([what, ...rest], args) {
    if (what !== "reopen" || rest.length > 0) throw new UsageError('It is "millrace log reopen".');
    const { name, end } = await ask(instanceName(args), { command: "reopen" });
    end();
    process.stdout.write(`${name}: logs reopened\n`);
  },
};
