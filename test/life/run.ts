// node test/life/run.ts reloads [TIMES]     reloads under load, 50 by default
// node test/life/run.ts kills [SECONDS]     a worker killed each second, 60 seconds by default
// node test/life/run.ts edits [TIMES]       edits of scripts, 500 by default: in one process, and in two workers
// node test/life/run.ts scaling [SECONDS]   requests a second of one worker and of two, by wrk; 10 seconds each
//
// Both ways to dispatch, with a client that counts each request; about 500 a second where the machine allows it.

import { FleetProcess } from "./fleet-process.ts";
import { EditedServer, editScripts } from "./edits.ts";
import { type Kills, killWorkers } from "./kills.ts";
import { reload } from "./reloads.ts";
import { scaling } from "./scaling.ts";
import type { Count } from "./counting-client.ts";

const LOAD = { keepAlive: 6, closing: 4, pause: 15 };

const [what = "", times] = process.argv.slice(2);
if (what === "edits") process.exit(await runEdits(Number(times ?? 500)));
const RUNS: Record<string, (fleet: FleetProcess) => Promise<Count>> = {
  reloads: (fleet) => reload(fleet, Number(times ?? 50), LOAD),
  kills: (fleet) => killWorkers(fleet, Number(times ?? 60), LOAD),
};
if (what === "scaling") {
  await scaling(Number(times ?? 10));
  process.exit();
}
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

for (const dispatch of ["reuse-port", "round-robin"]) {
  const began = performance.now();
  await using fleet = await FleetProcess.start({ args: ["--workers", "2", "--dispatch", dispatch] });
  const result = await run(fleet);
  const { failures, ...counts } = result;
  const seconds = (performance.now() - began) / 1000;
  console.log(`${dispatch}: ${failures.length} failed`, {
    ...counts,
    perSecond: Math.round(counts.answered / seconds),
  });
  for (const failure of failures) console.log(`  ${failure}`);
  const faults = what === "reloads" ? failures : faultsOf(result);
  for (const fault of faults) console.log(`  ✖ ${fault}`);
  if (faults.length > 0 || counts.refused > 0) process.exitCode = 1;
}

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
