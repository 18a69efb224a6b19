import { paintFor } from "../extensions/access-log/text-line.ts";
import { FLAGS, type FlagName, isNegative } from "./arguments.ts";
import type { Command } from "./command.ts";
import { COMMANDS, isCommand, loadCommand } from "./commands.ts";

/** `millrace help [COMMAND]` */
export const help: Command = {
  name: "help",
  usage: "[COMMAND]",
  flags: [],
  description: "",
  async run([name]) {
    const text = name !== undefined && isCommand(name) ? commandHelp(await loadCommand(name)) : overview();
    process.stdout.write(text);
  },
};

const bold = (text: string): string => paintFor(process.stdout)("bold", text);

function overview(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]): [string, string] => [name, summary]);
  return `${bold("millrace")} [FOLDER | FILE]    serve a folder, or run the app that a module exports
${bold("millrace")} COMMAND

${bold("Commands")}
${table(commands)}
${bold("Flags")}
${flagTable(Object.keys(FLAGS) as FlagName[])}
Without anything, millrace.config.ts says what is served, or it is the current folder.
`;
}

function commandHelp({ name, usage, description, flags }: Command): string {
  const flagText = flags.length === 0 ? "" : `\n${bold("Flags")}\n${flagTable(flags)}`;
  return `${bold(`millrace ${name}`)} ${usage}\n${description === "" ? "" : `\n${description}\n`}${flagText}`;
}

function flagTable(names: readonly FlagName[]): string {
  return table(
    names.map((name): [string, string] => {
      const flag: { short?: string; value?: string; summary: string } = FLAGS[name];
      const short = flag.short === undefined ? "    " : `-${flag.short}, `;
      const long = isNegative(name) ? `--no-${name}` : `--${name}`;
      return [`${short}${long}${flag.value === undefined ? "" : ` ${flag.value}`}`, flag.summary];
    }),
  );
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}\n`).join("");
}
