// Attacks of HTTP/2, one after the other, each over connections of its own for so many milliseconds. Says what came of
// each: how often GOAWAY told it to calm down, and how long that took at most.

import { once } from "node:events";
import type { Socket } from "node:net";
import { frameHead, PREFACE } from "../../../src/http/h2/frame.ts";
import { dial, onAsk, settings } from "./client.ts";

export interface FloodSettings {
  port: number;
  /** For each attack. */
  milliseconds: number;
  connections: number;
}

export interface FloodReport {
  done: number;
  /** By attack: connections that were told to calm down, and those that were cut off or let alone. */
  calmed: Record<string, number>;
  /** By attack: milliseconds from the first octet of an attack to GOAWAY, at worst. */
  slowest: Record<string, number>;
}

const { port, milliseconds, connections } = settings() as FloodSettings;
const report: FloodReport = { done: 0, calmed: {}, slowest: {} };

function frame(type: number, flags: number, stream: number, payload: Uint8Array | string = ""): Buffer {
  const octets = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  return Buffer.concat([Buffer.from(frameHead(octets.length, type, flags, stream), "latin1"), octets]);
}

function text(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
}

const PATH = (path: string): Buffer => Buffer.from([0x04, path.length, ...Buffer.from(path)]);
/** GET, http, a path, and an authority of one letter. */
const get = (path: string): Buffer =>
  Buffer.concat([Buffer.from([0x82, 0x86]), PATH(path), Buffer.from([0x01, 1, 0x61])]);
const post = (path: string): Buffer =>
  Buffer.concat([Buffer.from([0x83, 0x86]), PATH(path), Buffer.from([0x01, 1, 0x61])]);
const four = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);

/** What each attack sends: octets of its n-th step. */
const ATTACKS: Record<string, (step: number) => Buffer> = {
  "rapid reset": (step) => Buffer.concat([frame(1, 5, step * 2 + 1, get("/hang")), frame(3, 0, step * 2 + 1, four(8))]),
  "made to reset": (step) =>
    Buffer.concat([frame(1, 5, step * 2 + 1, get("/hang")), frame(8, 0, step * 2 + 1, four(0))]),
  CONTINUATION: (step) => (step === 0 ? frame(1, 1, 1, get("/hello")) : frame(9, 0, 1, text("x-a", "a".repeat(100)))),
  SETTINGS: () => frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 4, 0])),
  PING: () => frame(6, 0, 0, "12345678"),
  PRIORITY: (step) => frame(2, 0, step * 2 + 1, Buffer.alloc(5)),
  "empty DATA": (step) => (step === 0 ? frame(1, 4, 1, post("/upload")) : frame(0, 0, 1)),
  WINDOW_UPDATE: () => frame(8, 0, 0, four(1)),
  "unknown frames": () => frame(0x70, 0, 0),
};

async function attack(name: string, until: number): Promise<void> {
  const steps = ATTACKS[name]!;
  while (performance.now() < until) {
    const socket = dial(port, 0);
    socket.on("error", () => {});
    const begun = performance.now();
    const told = toldToCalm(socket);
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0), frame(4, 1, 0)]));
    for (let step = 0; !socket.destroyed && !socket.readableEnded && performance.now() < until; step += 20) {
      const octets = Buffer.concat(Array.from({ length: 20 }, (_, index) => steps(step + index)));
      if (!socket.write(octets)) await Promise.race([once(socket, "drain"), once(socket, "close")]);
      else await new Promise(setImmediate);
    }
    if (await Promise.race([told, new Promise<false>((resolve) => setTimeout(resolve, 100, false))])) {
      report.calmed[name] = (report.calmed[name] ?? 0) + 1;
      report.slowest[name] = Math.max(report.slowest[name] ?? 0, performance.now() - begun);
    }
    socket.destroy();
  }
}

/** Whether GOAWAY with ENHANCE_YOUR_CALM has come. */
function toldToCalm(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    let octets: Buffer = Buffer.alloc(0);
    socket.on("data", (more: Buffer) => {
      octets = Buffer.concat([octets, more]);
      while (octets.length >= 9 && octets.length >= 9 + octets.readUIntBE(0, 3)) {
        if (octets[3] === 7 && octets.readUInt32BE(13) === 11) resolve(true);
        octets = octets.subarray(9 + octets.readUIntBE(0, 3));
      }
    });
    socket.on("close", () => resolve(false));
  });
}

async function play(): Promise<void> {
  for (const name of Object.keys(ATTACKS)) {
    const until = performance.now() + milliseconds;
    await Promise.all(Array.from({ length: connections }, () => attack(name, until)));
    report.done++;
  }
}

void play();
onAsk((): FloodReport => report);
