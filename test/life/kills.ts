import { setTimeout as sleep } from "node:timers/promises";
import { type Count, CountingClient, type Load } from "./counting-client.ts";
import type { FleetProcess } from "./fleet-process.ts";

/** What came of killing workers. */
export interface Kills extends Count {
  readonly kills: number;
}

/** Kills one worker after another, each second, while a client counts. */
export async function killWorkers(fleet: FleetProcess, seconds: number, load: Omit<Load, "port">): Promise<Kills> {
  const client = new CountingClient({ port: fleet.port, ...load });
  let kills = 0;
  for (let second = 0; second < seconds; second++) {
    await sleep(1000);
    const { workers } = fleet;
    const victim = workers[kills % Math.max(1, workers.length)];
    if (victim === undefined) continue;
    process.kill(victim, "SIGKILL");
    kills++;
  }
  await sleep(1000);
  return { ...(await client.stop()), kills };
}
