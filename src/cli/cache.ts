import type { Selection } from "../cache/store.ts";
import { ask } from "../server/control/ask.ts";
import type { Arguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { instanceName } from "./instance-name.ts";
import { UsageError } from "./usage-error.ts";

/** `millrace cache clear` */
export const cache: Command = {
  name: "cache",
  usage: "clear --all|--tag TAG|--page URL|--prefix URL|--host HOST [--soft]",
  flags: ["name", "all", "tag", "page", "prefix", "host", "soft"],
  description:
    "Removes stored responses, in all workers. With --soft they are validated before their next use instead, and may\n" +
    "answer while that is done.",
  async run([what, ...rest], args) {
    if (what !== "clear" || rest.length > 0) throw new UsageError('It is "millrace cache clear".');
    const command = { command: "clear", selection: selectionOf(args), soft: args.is("soft") === true } as const;
    const { name, result, end } = await ask(instanceName(args), command);
    end();
    const { cleared, workers } = result as { readonly cleared?: number; readonly workers?: number };
    const count = cleared === undefined ? `cleared in ${workers} workers` : `${cleared} cleared`;
    process.stdout.write(`${name}: ${count}\n`);
  },
};

const BY = ["tag", "page", "prefix", "host"] as const;

function selectionOf(args: Arguments): Selection {
  const given = BY.filter((flag) => args.text(flag) !== undefined);
  const isAll = args.is("all") === true;
  if (given.length + Number(isAll) !== 1) {
    throw new UsageError('"millrace cache clear" needs one of --all, --tag, --page, --prefix and --host.');
  }
  const [by] = given;
  return by === undefined ? { all: true } : ({ [by]: args.text(by) } as unknown as Selection);
}
