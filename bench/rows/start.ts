import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:net";
import { noiseClock } from "../load.ts";
import type { Peer } from "../peers/peer.ts";
import type { Effort, LeftOut, Measured, Outcome, Row } from "../row.ts";
import { freePort, launch } from "../server.ts";

const RUNS = 10;

/** Time from starting the process to the first octet of its first answer. */
export function startRow(): Row {
  return {
    name: "start",
    title: "Start of the process to its first answer",
    measure: "ms",
    subject: "millrace",
    peers: [
      "millrace",
      "millrace from dist",
      "node:http",
      "Fastify",
      "Hono on Node",
      "Express",
      "Elysia on Bun",
      "nginx",
    ],
    run,
  };
}

async function run(peers: readonly Peer[], effort: Effort): Promise<Outcome> {
  const times = new Map<Peer, number[]>(peers.map((peer) => [peer, []]));
  const leftOut: LeftOut[] = [];
  const clock = noiseClock();
  for (let round = 0; round < (effort.quick ? 3 : RUNS); round++) {
    for (const [peer, done] of times) {
      const time = await startOnce(peer);
      if (time !== undefined) done.push(time);
      else {
        leftOut.push({ name: peer.name, reason: "did not answer within 10 s" });
        times.delete(peer);
      }
    }
  }
  const measured = [...times].map(([{ name }, rounds]): Measured => ({ name, rounds, beside: {} }));
  return { measured, leftOut, notes: clock.notes() };
}

async function startOnce(peer: Peer): Promise<number | undefined> {
  const port = await freePort();
  const command = peer.command({ kind: "hello", port, routes: 0, folder: "" });
  const started = performance.now();
  const server = launch(peer.name, command, port);
  try {
    while (performance.now() - started < 10_000 && server.child.exitCode === null) {
      if (await answers(port)) return performance.now() - started;
      await sleep(1);
    }
    return undefined;
  } finally {
    await server.stop();
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("data", (data) => {
      resolve(String(data).startsWith("HTTP/1.1 200"));
      socket.destroy();
    });
    socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  });
}
