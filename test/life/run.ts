// node test/life/run.ts reloads [TIMES]     reloads under load, 50 by default
// node test/life/run.ts kills [SECONDS]     a worker killed each second, 60 seconds by default
// node test/life/run.ts edits [TIMES]       edits of scripts, 500 by default: in one process, and in two workers
//
// Both ways to dispatch, with a client that counts each request; about 500 a second where the machine allows it.

import { FleetProcess } from "./fleet-process.ts";
import { EditedServer, editScripts } from "./edits.ts";
import { killWorkers } from "./kills.ts";
import { reload } from "./reloads.ts";
import type { Count } from "./counting-client.ts";

const LOAD = { keepAlive: 6, closing: 4, pause: 15 };

const [what = "", times] = process.argv.slice(2);
if (what === "edits") process.exit(await runEdits(Number(times ?? 500)));
const RUNS: Record<string, (fleet: FleetProcess) => Promise<Count>> = {
  reloads: (fleet) => reload(fleet, Number(times ?? 50), LOAD),
  kills: (fleet) => killWorkers(fleet, Number(times ?? 60), LOAD),
};
const run = RUNS[what];
if (run === undefined) {
  console.error(`What is to be run? ${Object.keys(RUNS).join(", ")}`);
  process.exit(2);
}

for (const dispatch of ["reuse-port", "round-robin"]) {
  const began = performance.now();
  await using fleet = await FleetProcess.start({ args: ["--workers", "2", "--dispatch", dispatch] });
  const { failures, ...counts } = await run(fleet);
  const seconds = (performance.now() - began) / 1000;
  console.log(`${dispatch}: ${failures.length} failed`, {
    ...counts,
    perSecond: Math.round(counts.answered / seconds),
  });
  for (const failure of failures) console.log(`  ${failure}`);
  if (counts.refused > 0 || (what === "reloads" && failures.length > 0)) process.exitCode = 1;
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
