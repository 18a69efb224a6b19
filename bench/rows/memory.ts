import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { client } from "../clients/client.ts";
import type { Peer } from "../peers/peer.ts";
import { residentKib } from "../process-tree.ts";
import type { Effort, LeftOut, Measured, Outcome, Row } from "../row.ts";
import type { Server } from "../server.ts";
import { median } from "../stats.ts";
import { startAll } from "./load-row.ts";
import { hello } from "./loads.ts";

const CONNECTIONS = 10_000;

interface Sizes {
  readonly start: number;
  readonly full: number;
  readonly open: number;
}

/** Resident memory: of the server that has answered once, and with 10,000 connections that are kept after one GET each. */
export function memoryRow(): Row {
  return {
    name: "memory",
    title: `Memory of an idle connection after one GET, of ${CONNECTIONS.toLocaleString("en")}`,
    measure: "KiB/connection",
    subject: "millrace",
    peers: ["millrace", "node:http", "Fastify", "Bun.serve", "nginx", "Caddy"],
    run,
  };
}

async function run(peers: readonly Peer[], effort: Effort): Promise<Outcome> {
  const sizes = new Map<string, Sizes[]>();
  const leftOut: LeftOut[] = [];
  for (let round = 0; round < (effort.quick ? 1 : Math.min(effort.rounds, 3)); round++) {
    for (const peer of peers) {
      if (leftOut.some(({ name }) => name === peer.name)) continue;
      const started = await startAll([peer], { kind: "hello", exchanges: [hello] });
      leftOut.push(...started.leftOut);
      for (const server of started.servers) {
        const size = await fill(server);
        await server.stop();
        if (size.open === CONNECTIONS) sizes.set(peer.name, [...(sizes.get(peer.name) ?? []), size]);
        else leftOut.push({ name: peer.name, reason: `kept ${size.open} of ${CONNECTIONS} connections` });
      }
    }
  }
  const out = new Set(leftOut.map(({ name }) => name));
  const measured = [...sizes].filter(([name]) => !out.has(name)).map(([name, done]) => summary(name, done));
  return { measured, leftOut, notes: [] };
}

async function fill(server: Server): Promise<Sizes> {
  const start = residentKib(server.pid);
  const holder = client("hold", [server.port, CONNECTIONS], "ipc");
  await Promise.race([once(holder, "message"), sleep(30_000)]);
  // Long enough for a timer or two of the server, shorter than node:http keeps an idle connection.
  await sleep(1_000);
  const full = residentKib(server.pid);
  holder.send("count");
  const [{ open }] = (await once(holder, "message")) as [{ open: number }];
  holder.disconnect();
  await once(holder, "exit");
  return { start, full, open };
}

function summary(name: string, sizes: readonly Sizes[]): Measured {
  const mib = (key: "start" | "full"): string => `${Math.round(median(sizes.map((size) => size[key])) / 1_024)}`;
  const rounds = sizes.map(({ start, full, open }) => (full - start) / open);
  return { name, rounds, beside: { "MiB at start": mib("start"), "MiB with 10,000": mib("full") } };
}
