import { parseArgs } from "node:util";
import type { Effort } from "./row.ts";

export interface Options {
  readonly rows: readonly string[];
  readonly only: readonly string[] | undefined;
  readonly list: boolean;
  readonly profile: boolean;
  readonly help: boolean;
  readonly effort: Effort;
}

export const usage = `node bench/run.ts [rows…] [options]

  rows             those to run; all when none is named (--list names them)
  --rounds N       turns through all peers of a row (5)
  --seconds N      length of one visit (2)
  --only A,B       these peers alone, by name: a part of the name will do
  --quick          two rounds of one second: shows that all works, measures little
  --profile        runs millrace alone under --cpu-prof in each row and prints where its time goes
  --list           names rows and peers
`;

/** Reads the command line. Throws with a message for the user. */
export function parseOptions(argv: readonly string[], rows: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      seconds: { type: "string" },
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const unknown = positionals.filter((name) => !rows.includes(name));
  if (unknown.length > 0) throw new Error(`no row named ${unknown.join(", ")}; there are ${rows.join(", ")}`);
  const { quick, list, profile, help } = values;
  const effort = {
    quick,
    rounds: count("rounds", values.rounds, quick ? 2 : 5),
    seconds: count("seconds", values.seconds, quick ? 1 : 2),
  };
  return {
    rows: positionals.length > 0 ? positionals : rows,
    only: values.only?.split(","),
    list,
    profile,
    help,
    effort,
  };
}

function count(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`--${name} wants a whole number from 1, not ${text}`);
  return Number(text);
}
