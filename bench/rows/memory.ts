import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { AGREED_NOTE } from "../agreed.ts";
import { client } from "../clients/client.ts";
import type { Peer } from "../peers/peer.ts";
import { residentKib } from "../process-tree.ts";
import type { Effort, LeftOut, Measured, Outcome, Row } from "../row.ts";
import type { Server } from "../server.ts";
import { median } from "../stats.ts";
import { http2Hello, startAllHttp2 } from "./http2.ts";
import { startAll } from "./load-row.ts";
import { hello } from "./loads.ts";

const CONNECTIONS = 10_000;
/** Milliseconds that they may take to be answered: handshakes take most. */
const PATIENCE = 60_000;

interface MemoryRow extends Pick<Row, "name" | "title" | "peers"> {
  readonly protocol: "http" | "https" | "h2c";
  readonly notes?: readonly string[];
}

interface Sizes {
  readonly start: number;
  readonly full: number;
  readonly open: number;
}

/** Resident memory: of the server that has answered once, and with 10,000 connections that are kept after one GET each. */
export function memoryRows(): Row[] {
  const title = `Memory of an idle connection after one GET, of ${CONNECTIONS.toLocaleString("en")}`;
  const rows: MemoryRow[] = [
    {
      name: "memory",
      title,
      protocol: "http",
      peers: ["millrace", "node:http", "Fastify", "Bun.serve", "nginx", "Caddy"],
    },
    {
      name: "tls-idle-memory",
      title: `${title}, over TLS`,
      protocol: "https",
      peers: ["millrace", "node:tls", "node:https", "nginx"],
      notes: [AGREED_NOTE],
    },
    {
      name: "h2-idle-memory",
      title: `${title}, in HTTP/2 without TLS`,
      protocol: "h2c",
      peers: ["millrace", "node:http2", "nginx"],
    },
  ];
  return rows.map((row) => {
    const { name, title, peers } = row;
    const measure = "KiB/connection";
    return { name, title, peers, measure, subject: "millrace", run: (peers, effort) => run(row, peers, effort) };
  });
}

async function run({ protocol, notes = [] }: MemoryRow, peers: readonly Peer[], effort: Effort): Promise<Outcome> {
  const sizes = new Map<string, Sizes[]>();
  const leftOut: LeftOut[] = [];
  for (let round = 0; round < (effort.quick ? 1 : Math.min(effort.rounds, 3)); round++) {
    for (const peer of peers) {
      if (leftOut.some(({ name }) => name === peer.name)) continue;
      const started = await startOnly(peer, protocol);
      leftOut.push(...started.leftOut);
      for (const server of started.servers) {
        const size = await fill(server, protocol, CONNECTIONS);
        await server.stop();
        if (size.open === CONNECTIONS) sizes.set(peer.name, [...(sizes.get(peer.name) ?? []), size]);
        else leftOut.push({ name: peer.name, reason: `kept ${size.open} of ${CONNECTIONS} connections` });
      }
    }
  }
  const out = new Set(leftOut.map(({ name }) => name));
  const measured = [...sizes].filter(([name]) => !out.has(name)).map(([name, done]) => summary(name, done));
  return { measured, leftOut, notes };
}

function startOnly(peer: Peer, protocol: MemoryRow["protocol"]): ReturnType<typeof startAll> {
  if (protocol === "h2c") return startAllHttp2([peer], http2Hello());
  return startAll([peer], { kind: "hello", tls: protocol === "https", exchanges: [hello] });
}

/** Opens connections to a server, has a GET answered on each, and keeps them while it looks. */
export async function fill(server: Server, protocol: MemoryRow["protocol"], connections: number): Promise<Sizes> {
  const start = residentKib(server.pid);
  const holder = client("hold", [server.port, connections, protocol], "ipc");
  await Promise.race([once(holder, "message"), sleep(PATIENCE, undefined, { ref: false })]);
  // Long enough for a timer or two of the server, shorter than it keeps an idle connection.
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
