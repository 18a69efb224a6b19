import { setTimeout as sleep } from "node:timers/promises";
import { rssOf } from "../soak/vitals.ts";
import { type Count, CountingClient, type Load } from "./counting-client.ts";
import type { FleetProcess } from "./fleet-process.ts";

/** What came of killing workers. */
export interface Kills extends Count {
  readonly kills: number;
  /** Milliseconds from the end of each worker until another served in its place, shortest first. */
  readonly replacements: readonly number[];
  /** MB by which the memory (RSS) of the primary has grown since the first kill. */
  readonly growth: number;
  /** MB of memory (RSS) that the largest worker has at the end. */
  readonly largest: number;
}

/** Kills one worker after another, each second, while a client counts. */
export async function killWorkers(fleet: FleetProcess, seconds: number, load: Omit<Load, "port">): Promise<Kills> {
  const client = new CountingClient({ port: fleet.port, ...load });
  let kills = 0;
  let before = 0;
  for (let second = 0; second < seconds; second++) {
    await sleep(1000);
    const { workers } = fleet;
    const victim = workers[kills % Math.max(1, workers.length)];
    if (victim === undefined) continue;
    process.kill(victim, "SIGKILL");
    kills++;
    if (kills === 1) before = rssOf(fleet.pid);
  }
  await sleep(1000);
  const growth = (rssOf(fleet.pid) - before) / 1e6;
  const largest = Math.max(0, ...fleet.workers.map(rssOf)) / 1e6;
  return { ...(await client.stop()), kills, replacements: replacements(fleet.stderr), growth, largest };
}

/** As the log tells them. */
function replacements(log: string): number[] {
  const told = log.matchAll(/"A worker has taken the place of another","worker":\d+,"pid":\d+,"milliseconds":(\d+)/g);
  return [...told].map(([, milliseconds]) => Number(milliseconds)).sort((a, b) => a - b);
}
