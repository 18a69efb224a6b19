import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetProcess, until } from "../life/fleet-process.ts";
import { type Figure, MIB } from "../robustness/scenario.ts";
import { pattern } from "./content.ts";
import { Crowd, type Tally } from "./crowd.ts";
import { TRAFFIC } from "./traffic/all.ts";
import { LARGE } from "./traffic/file-requests.ts";
import { descriptorsOf, rssOf, type Vitals, vitalsOf } from "./vitals.ts";

const CLI = join(import.meta.dirname, "../../src/cli.ts");
const APP = join(import.meta.dirname, "../fixtures/soak-app.ts");

/** How long it soaks, and in what. */
export interface SoakSettings {
  /** Seconds of traffic in all. */
  readonly seconds: number;
  /** Seconds between two reloads. */
  readonly reloadEach: number;
  /** Milliseconds between two visits of a client, on average. */
  readonly pause: number;
  /** Plants faults in the app, to see whether they are found. */
  readonly fault?: "all" | undefined;
  readonly tell?: ((line: string) => void) | undefined;
}

/** Parts of the time: with reloads; until memory has found its level; and while nothing may grow any more. */
const PARTS = { reloads: 0.45, settling: 0.2, steady: 0.35 };

/** How the processes are while nobody asks anything. */
interface Rest {
  readonly workers: readonly Vitals[];
  readonly primary: { readonly rss: number; readonly descriptors: number };
}

/**
 * Mixed traffic over real sockets against a server with two workers that is reloaded again and again. Each good request
 * is looked at whole and counted; afterwards nothing may have grown.
 */
export async function soak(settings: SoakSettings): Promise<Figure[]> {
  const { seconds, reloadEach, fault = "", tell = () => {} } = settings;
  const folder = mkdtempSync(join(tmpdir(), "soak-"));
  mkdirSync(join(folder, "files"));
  writeFileSync(join(folder, "files/large.bin"), pattern(0, LARGE));
  const env = { SOAK_FOLDER: folder, SOAK_FAULT: fault, XDG_RUNTIME_DIR: folder };
  const args = ["run", APP, "--port", "0", "--workers", "2", "--log", "json"];
  try {
    await using fleet = await FleetProcess.program("--expose-gc", env, [CLI, ...args]);
    const tallies: Tally[] = [];
    const traffic = async (part: number, meanwhile: (until: number) => Promise<void>): Promise<void> => {
      const crowd = new Crowd(fleet.port, TRAFFIC, settings.pause);
      const end = performance.now() + part * seconds * 1000;
      await meanwhile(end);
      await sleep(Math.max(0, end - performance.now()));
      tallies.push(await crowd.stop());
      tell(`${Object.values(tallies.at(-1)!.good).reduce((sum, count) => sum + count, 0)} good requests`);
    };
    const first = rssOf(fleet.pid);
    let reloads = 0;
    await traffic(PARTS.reloads, async (end) => {
      while (performance.now() + reloadEach * 1000 < end) {
        await sleep(reloadEach * 1000);
        fleet.kill("SIGHUP");
        await until(() => fleet.stderr.split('"message":"Reloaded"').length > reloads + 1, 60_000);
        reloads++;
      }
    });
    await traffic(PARTS.settling, async () => {});
    const before = await atRest(fleet, folder);
    await traffic(PARTS.steady, async () => {});
    const after = await atRest(fleet, folder);
    const errors = fleet.stderr.split("\n").filter((line) => line.includes('"level":"error"'));
    const code = await fleet.exitBy("SIGTERM");
    for (const line of [...tallies.flatMap(({ failures }) => failures), ...errors.slice(0, 20)]) tell(line);
    return [
      ...requestFigures(tallies),
      { what: "reloads", value: reloads, unit: "", atLeast: 1 },
      { what: "errors in the log", value: errors.length, unit: "", atMost: 0 },
      ...growth(before, after),
      {
        what: "growth of the primary since its start",
        value: (after.primary.rss - first) / MIB,
        unit: "MiB",
        atMost: 64,
      },
      { what: "exit code", value: Number(code), unit: "", atMost: 0 },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Once the last connection is gone. */
async function atRest(fleet: FleetProcess, folder: string): Promise<Rest> {
  await until(() => fleet.workers.length === 2, 45_000);
  await sleep(1500);
  const workers: Vitals[] = [];
  for (const pid of fleet.workers) workers.push(await vitalsOf(pid, folder));
  return { workers, primary: { rss: rssOf(fleet.pid), descriptors: descriptorsOf(fleet.pid) } };
}

function requestFigures(tallies: readonly Tally[]): Figure[] {
  const kinds = TRAFFIC.map(({ name }) => {
    const value = tallies.reduce((sum, { good }) => sum + good[name]!, 0);
    const isGood = name !== "aborts" && name !== "malformed";
    return { what: `good requests: ${name}`, value, unit: "", ...(isGood ? { atLeast: 1 } : {}) };
  });
  const failed = tallies.reduce((sum, { failures }) => sum + failures.length, 0);
  return [...kinds, { what: "good requests that failed", value: failed, unit: "", atMost: 0 }];
}

/** What has grown while nothing may. */
function growth(before: Rest, after: Rest): Figure[] {
  const workers = after.workers.flatMap((now, index) => {
    const then = before.workers[index]!;
    const who = `worker ${index + 1}`;
    return [
      { what: `${who}: growth of the heap`, value: (now.heapUsed - then.heapUsed) / MIB, unit: "MiB", atMost: 4 },
      { what: `${who}: growth beside the heap`, value: (now.external - then.external) / MIB, unit: "MiB", atMost: 6 },
      { what: `${who}: growth of memory`, value: (now.rss - then.rss) / MIB, unit: "MiB", atMost: 32 },
      { what: `${who}: handles over baseline`, value: now.resources - then.resources, unit: "", atMost: 0 },
      { what: `${who}: descriptors over baseline`, value: now.descriptors - then.descriptors, unit: "", atMost: 0 },
    ];
  });
  const [now, then] = [after.primary, before.primary];
  return [
    ...workers,
    { what: "primary: growth of memory", value: (now.rss - then.rss) / MIB, unit: "MiB", atMost: 16 },
    { what: "primary: descriptors over baseline", value: now.descriptors - then.descriptors, unit: "", atMost: 0 },
  ];
}
