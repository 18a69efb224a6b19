// node test/life/run.ts reloads [TIMES]     reloads under load, 50 by default
// node test/life/run.ts faults [TIMES]      reloads of a program that is broken, 20 by default
// node test/life/run.ts kills [SECONDS]     a worker killed each second, 60 seconds by default
// node test/life/run.ts handovers [TIMES]   from one version to another and back, 10 by default, with 100 upgraded
//                                           connections; OTHER_NODE=/path/to/node has every second one run by another Node
// node test/life/run.ts edits [TIMES]       edits of scripts, 500 by default: in one process, and in two workers
// node test/life/run.ts scaling [SECONDS]   requests a second of one worker and of two, by wrk; 10 seconds each
//
// Both ways to dispatch, and one process, with a client that counts each request; about 500 a second where the machine
// allows it.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCopy } from "./built-copy.ts";
import { reloadBroken } from "./faults.ts";
import { EditedServer, editScripts } from "./edits.ts";
import { FleetProcess } from "./fleet-process.ts";
import { handOver } from "./handovers.ts";
import { type Kills, killWorkers } from "./kills.ts";
import { reload } from "./reloads.ts";
import { scaling } from "./scaling.ts";
import type { Count } from "./counting-client.ts";

const LOAD = { keepAlive: 6, closing: 4, pause: 15 };
const WORKERS = {
  "reuse-port": ["--workers", "2", "--dispatch", "reuse-port"],
  "round-robin": ["--workers", "2", "--dispatch", "round-robin"],
};
const KINDS = { ...WORKERS, "a single process": [] };

type Result = Count & Partial<Kills> & { readonly broken?: readonly string[] };

const [what = "", given] = process.argv.slice(2);
if (what === "edits") process.exit(await runEdits(Number(given ?? 500)));
if (what === "scaling") {
  await scaling(Number(given ?? 10));
  process.exit();
}

const folder = mkdtempSync(join(tmpdir(), "life-"));
const file = join(folder, "app.ts");
copyFileSync(join(import.meta.dirname, "../fixtures/life-app.ts"), file);
const source = join(import.meta.dirname, "../../src");
writeFileSync(file, readFileSync(file, "utf8").replaceAll("../../src", source));

async function served(args: readonly string[], run: (fleet: FleetProcess) => Promise<Count>): Promise<Count> {
  await using fleet = await FleetProcess.start({ file, args });
  // Not before that is it let go.
  return await run(fleet);
}

function handovers(times: number, args: readonly string[]): Promise<Result> {
  const { cli, app } = builtCopy(join(folder, "other"));
  const node = process.env["OTHER_NODE"];
  const named = [...args, "--name", "handovers"];
  const env = { XDG_RUNTIME_DIR: folder };
  const other = { cli, file: app, args: named, env, ...(node === undefined ? {} : { node }) };
  return handOver({
    times,
    load: LOAD,
    upgraded: 100,
    version: (turn) => (turn % 2 === 0 ? { file, args: named, env } : other),
  });
}

const RUNS: Record<string, (args: readonly string[]) => Promise<Result>> = {
  reloads: (args) => served(args, (fleet) => reload(fleet, Number(given ?? 50), LOAD)),
  faults: (args) => served(args, (fleet) => reloadBroken(fleet, file, Number(given ?? 20), LOAD)),
  kills: (args) => served(args, (fleet) => killWorkers(fleet, Number(given ?? 60), LOAD)),
  handovers: (args) => handovers(Number(given ?? 10), args),
};
const run = RUNS[what];
if (run === undefined) {
  console.error(`What is to be run? ${[...Object.keys(RUNS), "edits", "scaling"].join(", ")}`);
  process.exit(2);
}

/** Half of the replacements are to take less than this, in milliseconds, on a machine that does nothing else. */
const REPLACED = 300;

/** What is wrong with a run. */
function faultsOf({ failures, refused, ...rest }: Count & Partial<Kills>): string[] {
  const { kills, replacements = [], growth = 0 } = rest;
  const median = replacements[replacements.length >> 1] ?? 0;
  const most = (kills ?? 0) * (LOAD.keepAlive + LOAD.closing);
  return [
    ...(refused > 0 ? [`${refused} connections were refused`] : []),
    ...(failures.length > most ? [`${failures.length} requests failed, ${most} may`] : []),
    ...(median > REPLACED ? [`half of the replacements took more than ${median} ms`] : []),
    ...(growth > 24 ? [`the primary has grown by ${growth} MB`] : []),
  ];
}

for (const [kind, args] of Object.entries(what === "kills" ? WORKERS : KINDS)) {
  const began = performance.now();
  const result = await run(args);
  const { failures, broken = [], ...counts } = result;
  const seconds = (performance.now() - began) / 1000;
  console.log(`${kind}: ${failures.length + broken.length} failed`, {
    ...counts,
    perSecond: Math.round(counts.answered / seconds),
  });
  for (const failure of failures) console.log(`  ${failure}`);
  const faults = what === "kills" ? faultsOf(result) : [...failures, ...broken];
  for (const fault of faults) console.log(`  ✖ ${fault}`);
  if (faults.length > 0 || counts.refused > 0) process.exitCode = 1;
}
rmSync(folder, { recursive: true });

/** @returns the exit code */
async function runEdits(edits: number): Promise<number> {
  let code = 0;
  for (const args of [[], ["--workers", "2"]]) {
    const began = performance.now();
    await using server = await EditedServer.start(args);
    const { failures, memory, ...counts } = await editScripts(server, edits, { keepAlive: 3, closing: 2, pause: 20 });
    const seconds = Math.round((performance.now() - began) / 1000);
    const megabytes = memory
      .filter((_, index) => index % Math.ceil(edits / 20) === 0)
      .map((each) => Math.round(each / 1e6));
    console.log(`edits, ${args.join(" ") || "one process"}: ${failures.length} failed`, { ...counts, seconds });
    console.log(`  MB: ${megabytes.join(" ")}`);
    for (const failure of failures) console.log(`  ${failure}`);
    if (failures.length > 0) code = 1;
  }
  return code;
}
