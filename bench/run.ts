import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { judge } from "./budgets.ts";
import { chart } from "./chart.ts";
import { machine } from "./machine.ts";
import { parseOptions, usage, type Options } from "./options.ts";
import { peers } from "./peers/all.ts";
import { benchPath, type Peer } from "./peers/peer.ts";
import { profile } from "./profile.ts";
import { closing, table, type Result } from "./report.ts";
import type { LeftOut, Outcome, Row } from "./row.ts";
import { allRows } from "./rows/all.ts";
import { loadSpecs } from "./rows/loads.ts";
import { endAll } from "./server.ts";
import { setUp } from "./setup.ts";

process.once("exit", endAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const rows = allRows();
  const options = parseOptions(
    process.argv.slice(2),
    rows.map(({ name }) => name),
  );
  if (options.help) return console.log(usage);
  if (options.list) return console.log(listing(rows));
  for (const note of setUp()) console.log(`note: ${note}`);
  // The load has core 1; the servers' core must not be disturbed by the one that starts them.
  spawnSync("taskset", ["-a", "-c", "-p", "1", String(process.pid)]);
  const chosen = rows.filter(({ name }) => options.rows.includes(name));
  if (options.profile) return profileAll(options);
  const results: Result[] = [];
  for (const row of chosen) {
    results.push(await runRow(row, options));
    console.log(table(results.at(-1) as Result));
    // What was not measured with care is not kept.
    if (!options.effort.quick) save(results, options);
  }
  console.log(closing(results));
}

async function runRow(row: Row, options: Options): Promise<Result> {
  const leftOut: LeftOut[] = [];
  const present: Peer[] = [];
  for (const name of row.peers) {
    const peer = peers.get(name);
    if (peer === undefined) throw new Error(`row ${row.name} names an unknown peer ${name}`);
    if (!selected(name, options)) continue;
    const reason = peer.missing();
    if (reason === undefined) present.push(peer);
    else leftOut.push({ name, reason });
  }
  const outcome = await row.run(present, options.effort).catch(failed);
  const { name, title, measure, subject } = row;
  const result = { name, title, measure, subject, ...outcome, leftOut: [...leftOut, ...outcome.leftOut] };
  return { ...result, verdicts: judge(row, outcome) };
}

/** A row that breaks must not take the others' figures with it. */
function failed(error: Error): Outcome {
  return { measured: [], leftOut: [], notes: [`the row failed: ${error.stack}`] };
}

async function profileAll(options: Options): Promise<void> {
  for (const spec of loadSpecs().filter(({ name }) => options.rows.includes(name))) {
    const name = spec.peers.find((name) =>
      options.only === undefined ? name === (spec.subject ?? "millrace") : selected(name, options),
    );
    const peer = name === undefined ? undefined : peers.get(name);
    const reason = peer?.missing();
    if (peer === undefined || reason !== undefined)
      console.log(`\n${spec.name}: ${reason ?? "no such peer in this row"}`);
    else console.log(await profile(spec, peer, options.effort.seconds));
  }
}

function selected(name: string, { only }: Options): boolean {
  return only === undefined || only.some((part) => name.toLowerCase().includes(part.toLowerCase()));
}

function save(results: readonly Result[], { effort }: Options): void {
  const facts = machine();
  const names = new Set(results.flatMap(({ measured }) => measured.map(({ name }) => name)));
  const versions = [...peers.values()].filter(({ name }) => names.has(name)).map((peer) => [peer.name, peer.version()]);
  const folder = benchPath("results");
  mkdirSync(folder, { recursive: true });
  const report = { machine: facts, effort, versions: Object.fromEntries(versions) as unknown, results };
  writeFileSync(`${folder}/latest.json`, `${JSON.stringify(report, null, 2)}\n`);
  const caption = `${String(facts["date"]).slice(0, 10)}, ${facts["cpu"]}, ${facts["cores"]} cores, Node ${facts["node"]}, rounds: ${effort.rounds}`;
  writeFileSync(`${folder}/latest.svg`, chart(results, caption));
}

function listing(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const names = rows.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`);
  const states = [...peers.values()].map((peer) => `  ${peer.name}: ${peer.missing() ?? peer.version()}`);
  return ["rows", ...names, "peers", ...states].join("\n");
}
