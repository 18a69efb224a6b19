import { MillraceError } from "../base/errors.ts";
import type { MaybePromise } from "../base/maybe-promise.ts";
import { didYouMean } from "./suggestion.ts";

/** What a command is called with. */
export interface CommandContext {
  /** Aborts when whoever called it is gone, or the server is to stop: come to an end. */
  readonly signal: AbortSignal;
}

/**
 * Does what a command asks for. What it returns is shown: text as it is, all else as JSON.
 *
 * @param args the words behind the command's name
 */
export type CommandFunction = (args: readonly string[], context: CommandContext) => MaybePromise<unknown>;

/** A command of the server's own, for `millrace call`. */
export type ServerCommand =
  | CommandFunction
  | {
      /** What it does, for the list that `millrace call` shows. */
      readonly summary?: string | undefined;
      readonly run: CommandFunction;
    };

/** A command as it is listed. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
}

/** What is asked of a server's commands. */
export interface Call {
  readonly name: string;
  readonly args: readonly string[];
}

/** Whether a command may be called so. */
export function isCommandName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(name);
}

/** The commands that there are. */
export function listCommands(commands: Readonly<Record<string, ServerCommand>> = {}): CommandEntry[] {
  return Object.entries(commands).map(([name, command]) => {
    return { name, summary: typeof command === "function" ? "" : (command.summary ?? "") };
  });
}

/** Runs one. @throws {MillraceError} `UNKNOWN_COMMAND`; what it throws itself */
export async function callCommand(
  commands: Readonly<Record<string, ServerCommand>> = {},
  { name, args }: Call,
  signal: AbortSignal,
): Promise<unknown> {
  if (!Object.hasOwn(commands, name)) {
    const names = Object.keys(commands);
    throw new MillraceError("UNKNOWN_COMMAND", `The server has no command ${name}.${didYouMean(name, names)}`, {
      hint: names.length === 0 ? "Its option `commands` has none." : `It has ${names.join(", ")}.`,
    });
  }
  const command = commands[name]!;
  const run = typeof command === "function" ? command : command.run.bind(command);
  const result = await run(args, { signal });
  // What can be shown can be sent to another process too.
  return result === undefined ? null : (JSON.parse(JSON.stringify(result) ?? "null") as unknown);
}
