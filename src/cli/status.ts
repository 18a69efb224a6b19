import { paintFor } from "../extensions/access-log/text-line.ts";
import { ask } from "../server/control/ask.ts";
import type { Status, WorkerStatus } from "../server/control/protocol.ts";
import type { StapleStatus } from "../tls/ocsp/stapler.ts";
import type { AcmeStatus } from "../tls/acme/kept-subject.ts";
import type { CertificateStatus, LimitStatus } from "../server/report.ts";
import type { TaskStatus } from "../server/scheduler/task-status.ts";
import type { UpstreamStatus } from "../extensions/proxy/upstream-health.ts";
import { columns } from "./columns.ts";
import type { Command } from "./command.ts";
import { instanceName } from "./instance-name.ts";

/** `millrace status` */
export const status: Command = {
  name: "status",
  usage: "[--name NAME] [--json]",
  flags: ["name", "json"],
  description:
    "Tells how the instance is, and each of its workers; when tasks are due, how servers behind it are, when certificates\n" +
    "expire and what is stapled to them. Ends with 1 when no instance runs, or several do and none is named.",
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
  if (status.limits !== undefined) lines.push(`  ${limitsText(status.limits)}`);
  if (cache !== undefined) {
    lines.push(`  cache: ${cache.entries} entries, ${megabytes(cache.bytes)}, ${cache.evictions} evicted`);
  }
  if (status.workers.length > 0) lines.push(`  generation ${generation}, dispatch by ${status.dispatch}`);
  return [`${lines.join("\n")}\n`, ...statusTables(status).map(columns)].join("\n");
}

/** Workers, tasks, upstreams and certificates, as far as there are any. */
function statusTables({ workers, tasks, upstreams, certificates, automatic }: Status): string[][][] {
  const tables = [
    [["  worker", "pid", "gen", "state", "uptime", "memory", "lag", "conns", "fds", "requests"], ...workers.map(rowOf)],
    [["  task", "when", "state", "next", "runs", "failed", "last"], ...tasks.map(taskRow)],
    [["  upstream", "state", "waiting", "answered", "failed", "last failure"], ...upstreams.map(upstreamRow)],
    [["  certificate", "issuer", "file", "expires", "staple"], ...certificates.map(certificateRow)],
    [["  automatic", "state", "expires", "next", "last error"], ...automatic.map(automaticRow)],
  ];
  return tables.filter(({ length }) => length > 1);
}

function limitsText({ descriptors, maxDescriptors, maxConnections, refused }: LimitStatus): string {
  const open = descriptors === undefined ? "" : `${descriptors} of `;
  return `${open}${maxDescriptors} descriptors, ${maxConnections} connections at most, ${refused} refused`;
}

function taskRow({ name, when, state, due, runs, failures, last }: TaskStatus): string[] {
  const told = last === undefined ? "" : (last.error ?? `took ${Math.round(last.duration)} ms`);
  return [`  ${name}`, when, state, due === undefined ? "" : timeOf(due), String(runs), String(failures), told];
}

function upstreamRow({ origin, state, waiting, answered, failed, lastFailure }: UpstreamStatus): string[] {
  const failure = lastFailure === undefined ? "" : `${timeOf(lastFailure.at)} ${lastFailure.message}`;
  return [`  ${origin}`, state, String(waiting), String(answered), String(failed), failure];
}

function certificateRow({ names, expires, issuer, file = "", staple }: CertificateStatus): string[] {
  const days = Math.floor((new Date(expires).getTime() - Date.now()) / 86_400_000);
  const left = days < 0 ? "expired" : `in ${days} days`;
  return [`  ${names.join(", ")}`, issuer, file, `${timeOf(expires)} (${left})`, stapleText(staple)];
}

/** Until when it holds; empty where nobody is asked. */
function stapleText(staple: StapleStatus | undefined): string {
  if (staple === undefined) return "";
  const { state, until, error } = staple;
  const said = state === "revoked" ? "revoked" : until === undefined ? "none" : `until ${timeOf(until)}`;
  return error === undefined ? said : `${said} (${error})`;
}

function automaticRow({ names, state, expires, next, error = "" }: AcmeStatus): string[] {
  const [end, then] = [expires, next].map((date) => (date === undefined ? "" : timeOf(date)));
  return [`  ${names.join(", ")}`, state, end!, then!, error];
}

/** To the second, in the time of this machine. */
function timeOf(date: Date | string): string {
  const time = new Date(date);
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", " ");
}

function rowOf(worker: WorkerStatus): string[] {
  const { id, pid, generation, state, uptime, memory, lag, connections, requests, limits } = worker;
  const counts = [`${lag} ms`, String(connections), String(limits?.descriptors ?? "?"), String(requests)];
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
