import { setTimeout as sleep } from "node:timers/promises";
import { text } from "node:stream/consumers";
import { AGREED_NOTE } from "../agreed.ts";
import { certificate, handshakeFault } from "../certificate.ts";
import { client } from "../clients/client.ts";
import { loadInTurn, type Visit, type Visited } from "../load.ts";
import type { Peer } from "../peers/peer.ts";
import { cpuMicroseconds } from "../process-tree.ts";
import type { Effort, Measured, Outcome, Row } from "../row.ts";
import type { Server } from "../server.ts";
import { startAll } from "./load-row.ts";
import { measureSound } from "./sound.ts";
import { hello } from "./loads.ts";

interface Handshakes {
  readonly handshakes: number;
  readonly seconds: number;
  /** What the server sent in all. */
  readonly octets: number;
  readonly fault?: string;
}

/** What a handshake costs that resumes nothing, with the connection around it and without a request on it. */
export function handshakesRow(): Row {
  return {
    name: "tls-handshakes",
    title: "Full handshakes of TLS, each on a connection of its own that asks for nothing",
    measure: "CPU µs/handshake",
    subject: "millrace",
    peers: ["millrace", "node:tls", "node:https", "nginx"],
    run,
  };
}

async function run(peers: readonly Peer[], effort: Effort): Promise<Outcome> {
  const outcome = await measureSound(
    await startAll(peers, { kind: "hello", tls: true, exchanges: [hello] }),
    (servers) => loadInTurn([], "", effort, servers.map(visitor)),
    ({ port }) => handshakeFault(port),
  );
  return { ...outcome, measured: outcome.measured.map(named), notes: [AGREED_NOTE, ...outcome.notes] };
}

/** Shakes hands with a server for some seconds, from core 1. */
export async function shakeHands(port: number, seconds: number): Promise<Handshakes> {
  const { cert } = await certificate();
  const { stdout } = client("handshakes", [port, seconds, cert], "pipe");
  const printed = stdout === null ? "" : await text(stdout);
  if (printed === "") return { handshakes: 0, seconds, octets: 0, fault: "the client ended early" };
  return JSON.parse(printed) as Handshakes;
}

function visitor(server: Server): Visited {
  return {
    name: server.name,
    async visit(seconds): Promise<Visit | string> {
      const before = cpuMicroseconds(server.pid);
      const { handshakes, seconds: passed, octets, fault } = await shakeHands(server.port, seconds);
      await sleep(50); // For the server to notice that its last clients have gone.
      const used = cpuMicroseconds(server.pid) - before;
      if (fault !== undefined) return `erred under load: ${fault}`;
      if (handshakes === 0 || used <= 0) return "died under load or answered nothing";
      const cpu = used / handshakes;
      return { requests: handshakes, cpu, perSecond: handshakes / passed, octets: octets / handshakes };
    },
  };
}

function named({ beside, ...measured }: Measured): Measured {
  return { ...measured, beside: { "handshakes/s": beside["req/s"] ?? "", octets: beside["octets"] ?? "" } };
}
