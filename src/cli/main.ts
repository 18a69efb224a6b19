import { existsSync, statSync } from "node:fs";
import { didYouMean } from "../server/suggestion.ts";
import type { Arguments } from "./arguments.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { COMMANDS, isCommand, loadCommand } from "./commands.ts";
import { UsageError } from "./usage-error.ts";

/** What a program ends with: 0 when all went well, 1 when something failed, 2 when it was used wrongly. */
export const EXIT = { ok: 0, failure: 1, usage: 2, internal: 70 } as const;

/** The command `millrace`. Sets the exit code of the process. @param args what was written behind the program's name */
export async function main(args: readonly string[]): Promise<void> {
  let module: string | undefined;
  try {
    const parsed = parseArguments(args);
    const { command, rest } = await chosenCommand(parsed);
    checkFlags(command, parsed);
    module = rest[0];
    process.exitCode = (await command.run(rest, parsed)) ?? EXIT.ok;
  } catch (error) {
    process.exitCode = await failed(error, module);
  }
}

async function failed(error: unknown, module: string | undefined): Promise<number> {
  if (error instanceof UsageError) {
    process.stderr.write(`millrace: ${error.message}\nTry "millrace help".\n`);
    return EXIT.usage;
  }
  const { reportFault } = await import("./report-fault.ts");
  const { membership } = await import("../server/workers/membership.ts");
  // A worker's fault is told by its primary: once, and to whoever asked for the reload.
  if (membership === undefined) reportFault(error, module);
  else await membership.failed((await import("../server/faults/fault-of.ts")).faultOf(error, module));
  return EXIT.failure;
}

interface Chosen {
  readonly command: Command;
  /** What stands behind the command's name. */
  readonly rest: readonly string[];
}

async function chosenCommand(parsed: Arguments): Promise<Chosen> {
  const [first, ...rest] = parsed.positionals;
  if (parsed.is("version") === true) return { command: await loadCommand("version"), rest: [] };
  if (parsed.is("help") === true) return { command: await loadCommand("help"), rest: parsed.positionals };
  if (first === undefined) return { command: await loadCommand("serve"), rest: [] };
  if (isCommand(first)) return { command: await loadCommand(first), rest };
  if (!existsSync(first)) throw nothingCalled(first);
  const name = statSync(first).isDirectory() ? "serve" : "run";
  return { command: await loadCommand(name), rest: parsed.positionals };
}

function nothingCalled(name: string): UsageError {
  const isPath = /[./\\]/.test(name);
  if (isPath) return new UsageError(`There is no file or folder ${name}.`);
  return new UsageError(`There is no command, file or folder ${name}.${didYouMean(name, Object.keys(COMMANDS))}`);
}

function checkFlags(command: Command, { given }: Arguments): void {
  const stray = given.find((flag) => flag !== "help" && flag !== "version" && !command.flags.includes(flag));
  if (stray !== undefined) throw new UsageError(`"millrace ${command.name}" takes no flag --${stray}.`);
}
