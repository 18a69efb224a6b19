// What the load generators of this folder share. Each is a program of its own, so that what it does with its time and
// its memory is not mistaken for the server's.

import { connect, type Socket } from "node:net";

/** Connections from one source address: below the server's limit of 256, and so that no range of ports runs out. */
const PER_ADDRESS = 128;

/** The settings that the parent gave. */
export function settings(): unknown {
  return JSON.parse(process.argv[2] ?? "{}");
}

/** Answers the parent each time it asks. */
export function onAsk(answer: () => unknown): void {
  process.on("message", () => process.send?.(answer()));
  process.on("disconnect", () => process.exit());
}

/** Connects from an address that depends on how many there were before. */
export function dial(port: number, index: number): Socket {
  const socket = connect({ port, host: "127.0.0.1", localAddress: addressOf(index) });
  socket.on("error", () => {});
  return socket;
}

/** The source address of a connection: all of 127.0.0.0/8 is this machine. */
export function addressOf(index: number): string {
  const address = Math.floor(index / PER_ADDRESS);
  return `127.9.${Math.floor(address / 250)}.${1 + (address % 250)}`;
}

/** Numbers from 0 to 1 that depend on the seed alone. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs `work` for 0, 1 … `count` − 1, at most `atOnce` at a time. */
export async function each(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}
