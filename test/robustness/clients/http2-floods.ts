// Attacks of HTTP/2, one after the other, each over connections of its own for so many milliseconds. Says what came of
// each: how often GOAWAY told it to calm down, how long that took at most, and how many octets it has sent.

import type { Socket } from "node:net";
import { type Attack, ATTACKS } from "../http2-attacks.ts";
import { dial, onAsk, settings } from "./client.ts";
import { beginning } from "./http2-frames.ts";

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
  /** Octets that were sent, of all attacks so far. */
  octets: number;
}

/** Octets a millisecond of all connections together: a gigabit a second. */
const GIGABIT = 125_000;

const { port, milliseconds, connections } = settings() as FloodSettings;
const PACE = GIGABIT / connections;
const report: FloodReport = { done: 0, calmed: {}, slowest: {}, octets: 0 };

async function attack({ name, calms, step: octetsOf }: Attack, until: number): Promise<void> {
  while (performance.now() < until) {
    const socket = dial(port, 0);
    const begun = performance.now();
    const told = toldToCalm(socket);
    socket.write(beginning());
    for (let step = 0; !socket.destroyed && !socket.readableEnded && performance.now() < until; step += 20) {
      const octets = Buffer.concat(Array.from({ length: 20 }, (_, index) => octetsOf(step + index)));
      if (!socket.write(octets)) await room(socket);
      else await new Promise(setImmediate);
      // Whoever is not told to calm down is as fast as a network: what a loopback interface carries beside it is no attack.
      const ahead = calms ? 0 : socket.bytesWritten / PACE - (performance.now() - begun);
      if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
    }
    const patience = new Promise<false>((resolve) => setTimeout(resolve, calms ? 100 : 0, false));
    if (await Promise.race([told, patience])) {
      report.calmed[name] = (report.calmed[name] ?? 0) + 1;
      report.slowest[name] = Math.max(report.slowest[name] ?? 0, performance.now() - begun);
    }
    report.octets += socket.bytesWritten;
    socket.destroy();
  }
}

/** Resolves when a socket takes more, or is gone. */
function room(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
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
  for (const each of ATTACKS) {
    const until = performance.now() + milliseconds;
    await Promise.all(Array.from({ length: connections }, () => attack(each, until)));
    // Good requests that still wait belong to this one.
    await new Promise((resolve) => setTimeout(resolve, 200));
    report.done++;
  }
}

void play();
onAsk((): FloodReport => report);
