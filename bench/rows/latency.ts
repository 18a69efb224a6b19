import { text } from "node:stream/consumers";
import { client } from "../clients/client.ts";
import { noiseClock } from "../load.ts";
import type { Peer } from "../peers/peer.ts";
import type { Effort, LeftOut, Measured, Outcome, Row } from "../row.ts";
import type { Server } from "../server.ts";
import { median } from "../stats.ts";
import { CONNECTIONS, script, wrk } from "../wrk.ts";
import { startAll } from "./load-row.ts";
import { hello } from "./loads.ts";

/** Share of what the slowest peer can do at most: all peers meet the same rate, none is near its end. */
const SHARE = 0.3;

interface Times {
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly perSecond: number;
  readonly fault?: string;
}

/** Time to the answer under an open load at a fixed rate: a closed loop slows down with the server and hides its stalls. */
export function latencyRow(): Row {
  return {
    name: "latency",
    title: "Time to the answer at a fixed rate, 30 % of what the slowest here can do",
    measure: "p99 µs",
    subject: "millrace",
    peers: ["millrace", "node:http", "Fastify", "Hono on Node", "Bun.serve", "Elysia on Bun", "nginx", "Caddy"],
    run,
  };
}

async function run(peers: readonly Peer[], effort: Effort): Promise<Outcome> {
  const { servers, leftOut } = await startAll(peers, { kind: "hello", exchanges: [hello] });
  try {
    const clock = noiseClock();
    const rate = await fixedRate(servers);
    const outcome = await timeInTurn(servers, rate, effort);
    const notes = [`${rate.toLocaleString("en")} requests/s over ${CONNECTIONS} connections`, ...clock.notes()];
    return { measured: outcome.measured, leftOut: [...leftOut, ...outcome.leftOut], notes };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function fixedRate(servers: readonly Server[]): Promise<number> {
  let slowest = Infinity;
  const file = script("latency", [hello]);
  for (const { port } of servers) {
    await wrk(port, 1, file); // Warms it up.
    const { requests, seconds } = await wrk(port, 1, file);
    slowest = Math.min(slowest, requests / seconds);
  }
  return Math.max(100, Math.round((slowest * SHARE) / 100) * 100);
}

async function timeInTurn(
  servers: readonly Server[],
  rate: number,
  effort: Effort,
): Promise<{ measured: Measured[]; leftOut: LeftOut[] }> {
  const times = new Map<Server, Times[]>(servers.map((server) => [server, []]));
  const leftOut: LeftOut[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    for (const [server, done] of times) {
      const result = await timeOnce(server, rate, effort.seconds);
      if (result.fault === undefined) done.push(result);
      else {
        leftOut.push({ name: server.name, reason: result.fault });
        times.delete(server);
      }
    }
  }
  return { measured: [...times].map(([{ name }, done]) => summary(name, done)), leftOut };
}

async function timeOnce({ port }: Server, rate: number, seconds: number): Promise<Times> {
  const { stdout } = client("open-loop", [port, rate, seconds, CONNECTIONS], "pipe");
  const printed = stdout === null ? "" : await text(stdout);
  const nothing: Times = { p50: NaN, p99: NaN, p999: NaN, perSecond: NaN, fault: "the client ended early" };
  return printed === "" ? nothing : (JSON.parse(printed) as Times);
}

function summary(name: string, times: readonly Times[]): Measured {
  const middle = (key: "p50" | "p999" | "perSecond"): string =>
    Math.round(median(times.map((time) => time[key]))).toLocaleString("en");
  const beside = { "p50 µs": middle("p50"), "p99.9 µs": middle("p999"), "answered/s": middle("perSecond") };
  return { name, rounds: times.map(({ p99 }) => p99), beside };
}
