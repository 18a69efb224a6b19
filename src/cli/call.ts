import type { CommandEntry } from "../server/commands.ts";
import { ask } from "../server/control/ask.ts";
import { columns } from "./columns.ts";
import type { Command } from "./command.ts";
import { instanceName } from "./instance-name.ts";

/** `millrace call` */
export const call: Command = {
  name: "call",
  usage: "[NAME [ARGUMENT …]] [--json]",
  flags: ["name", "json"],
  description:
    "Has the instance run one of the commands that its option `commands` defines; without NAME they are listed. Of several\n" +
    "workers the first runs it. Arguments that begin with - stand behind --. An interrupt ends the command, too.",
  async run([name, ...words], args) {
    const isJson = args.is("json") === true;
    const command =
      name === undefined ? ({ command: "commands" } as const) : ({ command: "call", name, args: words } as const);
    const { result, end } = await ask(instanceName(args), command);
    end();
    process.stdout.write(
      isJson ? `${JSON.stringify(result)}\n` : name === undefined ? list(result as CommandEntry[]) : textOf(result),
    );
  },
};

function list(entries: readonly CommandEntry[]): string {
  if (entries.length === 0) return "The instance has no commands of its own.\n";
  return columns(entries.map(({ name, summary }) => [name, summary]));
}

function textOf(result: unknown): string {
  if (result === null || result === "") return "";
  const text = typeof result === "string" ? result : JSON.stringify(result, undefined, 2);
  return text.endsWith("\n") ? text : `${text}\n`;
}
