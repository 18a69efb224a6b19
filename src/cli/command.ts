import type { Arguments, FlagName } from "./arguments.ts";

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** What stands behind the name, such as `FILE`. */
  readonly usage: string;
  /** The flags that it takes. */
  readonly flags: readonly FlagName[];
  /** What `help` says below the usage. */
  readonly description: string;
  /** @returns the exit code; 0 when it is left out. A server that was started keeps the process alive. */
  run(positionals: readonly string[], args: Arguments): Promise<number | void>;
}
