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

/** What one visit showed. */
export interface Visit {
  readonly requests: number;
  /** CPU time in microseconds that one request cost the server's processes. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Octets of one answer, its head included. */
  readonly octets: number;
}

/** Who is visited in turn: a server, or work that is set beside it. */
export interface Visited {
  readonly name: string;
  /** Works for some whole seconds. Resolves with what went wrong when something did. */
  visit(seconds: number): Promise<Visit | string>;
}

/**
 * Visits all servers in turn, A B C A B C …, so that a drift of the machine meets each of them alike. Before the
 * first round each is warmed up. A server that errs is left out, with all its figures.
 */
export async function loadInTurn(
  servers: readonly Server[],
  script: string,
  effort: Effort,
  beside: readonly Visited[] = [],
): Promise<Loaded> {
  const loaded = servers.map((server) => ({
    name: server.name,
    visit: (seconds: number) => visitOnce(server, script, seconds),
  }));
  const visits = new Map<Visited, Visit[]>([...loaded, ...beside].map((one) => [one, []]));
  const leftOut: LeftOut[] = [];
  const requests = new Map<string, number>();
  const warmUp = effort.quick ? 1 : 2;
  const clock = noiseClock();
  for (let round = -1; round < effort.rounds; round++) {
    for (const [one, done] of visits) {
      const visit = await one.visit(round < 0 ? warmUp : effort.seconds);
      if (typeof visit === "string") {
        leftOut.push({ name: one.name, reason: visit });
        visits.delete(one);
        continue;
      }
      requests.set(one.name, (requests.get(one.name) ?? 0) + visit.requests);
      if (round >= 0) done.push(visit);
    }
  }
  const measured = [...visits].map(([one, done]) => summary(one, done));
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
  const load = await wrk(server.port, seconds, script, server.secure);
  await sleep(50); // For the server to notice that its 64 clients have gone.
  const used = cpuMicroseconds(server.pid) - before;
  if (load.fault !== undefined) return `erred under load: ${load.fault}`;
  if (load.requests === 0 || used <= 0) return `died under load or answered nothing`;
  const { requests, seconds: passed, octets } = load;
  return { requests, cpu: used / requests, perSecond: requests / passed, octets: octets / requests };
}

function summary({ name }: Visited, visits: readonly Visit[]): Measured {
  const middle = (key: "perSecond" | "octets"): string =>
    Math.round(median(visits.map((visit) => visit[key]))).toLocaleString("en");
  const beside = { "req/s": middle("perSecond"), octets: middle("octets") };
  return { name, rounds: visits.map((visit) => visit.cpu), beside };
}
