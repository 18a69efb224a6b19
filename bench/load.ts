import { setTimeout as sleep } from "node:timers/promises";
import { cpuMicroseconds, machineBusyMicroseconds } from "./process-tree.ts";
import type { Effort, LeftOut, Measured, Outcome } from "./row.ts";
import type { Server } from "./server.ts";
import { median } from "./stats.ts";
import { wrk } from "./wrk.ts";

/** Above this share of a core taken by processes that are not ours, a row says that its figures are doubtful. */
const NOISE = 0.1;

/** The outcome, and how many requests each server answered in all, the warm-up included. */
export interface Loaded extends Outcome {
  readonly requests: ReadonlyMap<string, number>;
}

interface Visit {
  readonly requests: number;
  /** CPU time in microseconds that one request cost the server's processes. */
  readonly cpu: number;
  readonly perSecond: number;
}

/**
 * Visits all servers in turn, A B C A B C …, so that a drift of the machine meets each of them alike. Before the
 * first round each is warmed up. A server that errs is left out, with all its figures.
 */
export async function loadInTurn(servers: readonly Server[], script: string, effort: Effort): Promise<Loaded> {
  const visits = new Map<Server, Visit[]>(servers.map((server) => [server, []]));
  const leftOut: LeftOut[] = [];
  const requests = new Map<string, number>();
  const warmUp = effort.quick ? 1 : 2;
  const clock = noiseClock();
  for (let round = -1; round < effort.rounds; round++) {
    for (const [server, done] of visits) {
      const visit = await visitOnce(server, script, round < 0 ? warmUp : effort.seconds);
      if (typeof visit === "string") {
        leftOut.push({ name: server.name, reason: visit });
        visits.delete(server);
        continue;
      }
      requests.set(server.name, (requests.get(server.name) ?? 0) + visit.requests);
      if (round >= 0) done.push(visit);
    }
  }
  const measured = [...visits].map(([server, done]) => summary(server, done));
  return { measured, leftOut, notes: clock.notes(), requests };
}

/** Watches how much of the machine others take from now on. */
export function noiseClock(): { notes(): string[] } {
  const started = performance.now();
  const before = othersMicroseconds();
  return {
    notes() {
      const share = (othersMicroseconds() - before) / ((performance.now() - started) * 1_000);
      return share > NOISE ? [`other processes took ${Math.round(share * 100)} % of a core: figures are doubtful`] : [];
    },
  };
}

function othersMicroseconds(): number {
  return machineBusyMicroseconds() - cpuMicroseconds(process.pid);
}

async function visitOnce(server: Server, script: string, seconds: number): Promise<Visit | string> {
  const before = cpuMicroseconds(server.pid);
  const load = await wrk(server.port, seconds, script);
  await sleep(50); // For the server to notice that its 64 clients have gone.
  const used = cpuMicroseconds(server.pid) - before;
  if (load.fault !== undefined) return `erred under load: ${load.fault}`;
  if (load.requests === 0 || used <= 0) return `died under load or answered nothing`;
  return { requests: load.requests, cpu: used / load.requests, perSecond: load.requests / load.seconds };
}

function summary({ name }: Server, visits: readonly Visit[]): Measured {
  const perSecond = Math.round(median(visits.map((visit) => visit.perSecond)));
  return { name, rounds: visits.map((visit) => visit.cpu), beside: { "req/s": perSecond.toLocaleString("en") } };
}
