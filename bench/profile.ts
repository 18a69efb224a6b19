import { mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Peer } from "./peers/peer.ts";
import { benchPath, root } from "./peers/peer.ts";
import { startOne, type LoadRow } from "./rows/load-row.ts";
import { scratch, type Command } from "./server.ts";
import { script, wrk } from "./wrk.ts";

const SHOWN = 30;
/** Seconds of load that are left out, with the start of the process before them. */
const WARM_UP = 2;

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Loads one server of Node under its sampling profiler and tells where its own time goes. */
export async function profile(row: LoadRow, peer: Peer, seconds: number): Promise<string> {
  const folder = join(scratch, `profile-${row.name}`);
  const server = await startOne(peer, row, (command) => profiled(command, folder));
  const file = script(row.name, row.exchanges, row.pipelined);
  try {
    await wrk(server.port, WARM_UP + seconds, file, server.secure);
  } finally {
    await server.stop();
  }
  const [name] = readdirSync(folder);
  if (name === undefined) return `${peer.name} wrote no profile`;
  mkdirSync(benchPath("results"), { recursive: true });
  const kept = benchPath(`results/${row.name}.cpuprofile`);
  renameSync(join(folder, name), kept);
  const lines = selfTimes(JSON.parse(readFileSync(kept, "utf8")) as CpuProfile, seconds);
  return [`\n${row.name}: ${peer.name}, share of its busy time by function (${kept})`, ...lines].join("\n");
}

/** The lines of the functions with the most self time in the last `seconds` of the profile, dearest first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile, seconds: number): string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let busy = 0;
  let left = timeDeltas.reduce((sum, time) => sum + time, 0) - seconds * 1_000_000;
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? "?";
    const time = timeDeltas[index] ?? 0;
    left -= time;
    if (left >= 0 || name === "(idle)") continue;
    busy += time;
    times.set(name, (times.get(name) ?? 0) + time);
  }
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  return sorted.map(([name, time]) => `  ${((time / busy) * 100).toFixed(1).padStart(5)} %  ${name}`);
}

function nameOf({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  const place = url === "" ? "" : `  ${url.replace("file://", "").replace(root, "")}:${lineNumber + 1}`;
  return `${functionName === "" ? "(anonymous)" : functionName}${place}`;
}

/** The same command under the profiler. It writes when the process ends by itself, so the asked-for end must be one. */
function profiled({ argv: [program, ...args], env = {} }: Command, folder: string): Command {
  const exit = `data:text/javascript,process.once("SIGTERM",()=>process.exit())`;
  return { argv: [program, "--cpu-prof", `--cpu-prof-dir=${folder}`, "--import", exit, ...args], env };
}
