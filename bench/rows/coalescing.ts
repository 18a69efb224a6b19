import { text } from "node:stream/consumers";
import { SLOW } from "../apps/content.ts";
import { client } from "../clients/client.ts";
import { noiseClock } from "../load.ts";
import { callsOf } from "../origin.ts";
import type { Peer } from "../peers/peer.ts";
import type { Effort, LeftOut, Measured, Outcome, Row } from "../row.ts";
import type { Server } from "../server.ts";
import { median } from "../stats.ts";
import { pageFolder } from "./caching.ts";
import { startAll } from "./load-row.ts";

const CONNECTIONS = 1_000;

interface Burst {
  readonly calls: number;
  /** Milliseconds until the first answer was whole. */
  readonly first: number;
  /** Milliseconds until the last one was. */
  readonly last: number;
  readonly fault?: string;
}

/** What a crowd does that asks all at once for what is not stored. */
export function coalescingRow(): Row {
  return {
    name: "coalescing",
    title: `Calls for ${CONNECTIONS.toLocaleString("en")} requests at once for what is not stored and takes ${SLOW} ms`,
    measure: "calls",
    subject: "millrace",
    peers: ["millrace", "millrace proxy", "node:http", "nginx", "Varnish"],
    run,
  };
}

async function run(peers: readonly Peer[], effort: Effort): Promise<Outcome> {
  const { servers, leftOut } = await startAll(peers, {
    kind: "cache",
    folder: pageFolder(),
    exchanges: [],
  });
  const bursts = new Map<Server, Burst[]>(servers.map((server) => [server, []]));
  const failed: LeftOut[] = [];
  const clock = noiseClock();
  try {
    for (let round = 0; round < effort.rounds; round++) {
      for (const [server, done] of bursts) {
        const burst = await burstOnce(server.port, `/slow/${round}`, CONNECTIONS);
        if (burst.fault === undefined) done.push(burst);
        else {
          failed.push({ name: server.name, reason: burst.fault });
          bursts.delete(server);
        }
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  const measured = [...bursts].map(([{ name }, done]) => summary(name, done));
  return { measured, leftOut: [...leftOut, ...failed], notes: clock.notes() };
}

/** Sends a request on each of many connections at once, and counts the calls behind the server. */
export async function burstOnce(port: number, path: string, connections: number): Promise<Burst> {
  const before = (await callsOf(port)) ?? NaN;
  const { stdout } = client("burst", [port, connections, path], "pipe");
  const printed = stdout === null ? "" : await text(stdout);
  const calls = ((await callsOf(port)) ?? NaN) - before;
  if (printed === "") return { calls, first: NaN, last: NaN, fault: "the client ended early" };
  return { calls, ...(JSON.parse(printed) as Omit<Burst, "calls">) };
}

function summary(name: string, bursts: readonly Burst[]): Measured {
  const middle = (key: "first" | "last"): string => `${Math.round(median(bursts.map((burst) => burst[key])))}`;
  const beside = { "ms to the first answer": middle("first"), "ms to the last": middle("last") };
  return { name, rounds: bursts.map(({ calls }) => calls), beside };
}
