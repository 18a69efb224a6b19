// Three ways of holding a connection with next to nothing: heads that never end, content that comes octet by octet, and
// answers that are not read. Says how many were opened, how many are left, and how old the oldest got.

import { setTimeout as sleep } from "node:timers/promises";
import { dial, each, onAsk, settings } from "./client.ts";

export interface DripperSettings {
  port: number;
  heads: number;
  contents: number;
  readers: number;
  /** Milliseconds between two octets. */
  pause: number;
  /** How many begin in a second: who opens all at once tests something else. */
  perSecond: number;
}

export interface DripperReport {
  opened: number;
  refused: number;
  heads: number;
  contents: number;
  readers: number;
  /** Milliseconds that the oldest one lived. */
  oldest: number;
}

const wanted = settings() as DripperSettings;
const left = { heads: 0, contents: 0, readers: 0 };
let opened = 0;
let refused = 0;
let oldest = 0;
const begin = performance.now();

const KINDS = [
  { kind: "heads", first: "GET /hello HTTP/1.1\r\nHost: a\r\nX-Drip: ", drips: true },
  { kind: "contents", first: "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", drips: true },
  { kind: "readers", first: "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n", drips: false },
] as const;

async function open(index: number): Promise<void> {
  const { kind, first, drips } = kindOf(index);
  await sleep(Math.max(0, begin + (index * 1_000) / wanted.perSecond - performance.now()));
  const socket = dial(wanted.port, index);
  // One that does not read never learns of its end by reading: it finds out when it writes.
  if (drips) socket.resume();
  else socket.pause();
  const born = performance.now();
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
  if (!connected) {
    refused++;
    return;
  }
  opened++;
  left[kind]++;
  socket.write(first);
  const timer = setInterval(() => socket.write(drips ? "a" : "\r\n"), wanted.pause);
  socket.once("close", () => {
    clearInterval(timer);
    left[kind]--;
    oldest = Math.max(oldest, performance.now() - born);
  });
  socket.once("end", () => socket.destroy());
}

/** The three kinds come mixed. */
function kindOf(index: number): (typeof KINDS)[number] {
  const { heads, contents, readers } = wanted;
  const place = (index * 7919) % (heads + contents + readers);
  return place < heads ? KINDS[0] : place < heads + contents ? KINDS[1] : KINDS[2];
}

void each(wanted.heads + wanted.contents + wanted.readers, 200, open);
onAsk((): DripperReport => ({ opened, refused, ...left, oldest }));
