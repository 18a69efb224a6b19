import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../life/fleet-process.ts";

/** What a process has while nobody asks anything of it. */
export interface Vitals {
  /** Octets, after its garbage has been collected. */
  readonly heapUsed: number;
  /** Octets outside of the heap, such as those of buffers. */
  readonly external: number;
  /** Octets (RSS). */
  readonly rss: number;
  /** What keeps its event loop alive. */
  readonly resources: number;
  readonly descriptors: number;
}

/** Asks a worker of the soak's app. @param folder where it writes its answer */
export async function vitalsOf(pid: number, folder: string): Promise<Vitals> {
  const file = join(folder, `${pid}.json`);
  rmSync(file, { force: true });
  process.kill(pid, "SIGUSR2");
  await until(() => existsSync(file) && readFileSync(file, "utf8").endsWith("}"));
  const told = JSON.parse(readFileSync(file, "utf8")) as Omit<Vitals, "descriptors">;
  return { ...told, descriptors: await heldBy(pid) };
}

/** How many files and sockets a process holds for longer than a moment: its answer has just been one of them. */
async function heldBy(pid: number): Promise<number> {
  let fewest = descriptorsOf(pid);
  for (let look = 0; look < 10; look++) {
    await sleep(100);
    fewest = Math.min(fewest, descriptorsOf(pid));
  }
  return fewest;
}

/** Resident memory of a process, in octets. */
export function rssOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
  return Number(kilobytes ?? 0) * 1024;
}

/** How many files and sockets a process has open. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
