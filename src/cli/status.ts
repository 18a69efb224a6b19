import { paintFor } from "../extensions/access-log/text-line.ts";
import { ask } from "../server/control/ask.ts";
import type { Status, WorkerStatus } from "../server/control/protocol.ts";
import { columns } from "./columns.ts";
import type { Command } from "./command.ts";
import { instanceName } from "./instance-name.ts";

/** `millrace status` */
export const status: Command = {
  name: "status",
  usage: "[--name NAME] [--json]",
  flags: ["name", "json"],
  description: "Tells how the instance is, and each of its workers.",
  async run(_, args) {
    const { result, end } = await ask(instanceName(args), { command: "status" });
    end();
    process.stdout.write(args.is("json") === true ? `${JSON.stringify(result)}\n` : statusText(result as Status));
  },
};

function statusText(status: Status): string {
  const { name, state, pid, version, node, addresses, generation, cache } = status;
  const bold = (text: string): string => paintFor(process.stdout)("bold", text);
  const lines = [
    `${bold(name)}  ${state} for ${duration(status.uptime)}, process ${pid}, millrace ${version}, Node ${node}`,
    ...addresses.map((address) => `  ${address}`),
    `  ${status.connections} connections, ${status.requests} requests, ${megabytes(status.memory)}`,
  ];
  if (cache !== undefined) {
    lines.push(`  cache: ${cache.entries} entries, ${megabytes(cache.bytes)}, ${cache.evictions} evicted`);
  }
  if (status.workers.length === 0) return `${lines.join("\n")}\n`;
  lines.push(`  generation ${generation}, dispatch by ${status.dispatch}`);
  const head = ["  worker", "pid", "gen", "state", "uptime", "memory", "lag", "conns", "requests"];
  return `${lines.join("\n")}\n\n${columns([head, ...status.workers.map(rowOf)])}`;
}

function rowOf({ id, pid, generation, state, uptime, memory, lag, connections, requests }: WorkerStatus): string[] {
  const counts = [`${lag} ms`, String(connections), String(requests)];
  return [`  ${id}`, String(pid), String(generation), state, duration(uptime), megabytes(memory), ...counts];
}

function megabytes(octets: number): string {
  return `${(octets / 1e6).toFixed(1)} MB`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
