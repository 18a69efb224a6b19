// Ways of holding what a server has for HTTP/2 with next to nothing: windows that stay shut or open octet by octet, and
// requests that are large when they are decoded. Says how many connections were opened, how many of each way are left, and
// how old the oldest got.

import { addressOf, each, onAsk, settings } from "./client.ts";
import { beginning, entry, four, frame, get, NEWEST } from "./http2-frames.ts";
import { connect } from "node:net";

export interface HoldSettings {
  port: number;
  /** Of each way. */
  connections: number;
  /** Milliseconds between two drops. */
  pause: number;
}

export interface HoldReport {
  opened: number;
  left: Record<string, number>;
  /** Milliseconds that the oldest one lived. */
  oldest: number;
  /** Octets that were sent. */
  octets: number;
}

interface Way {
  readonly name: string;
  readonly begin: Buffer;
  /** What follows again and again. */
  readonly drip?: Buffer;
}

const INITIAL_WINDOW = 4;
const STREAMS = 20;

const streams = (count: number): number[] => Array.from({ length: count }, (_, index) => index * 2 + 1);

function asking(path: string, count: number, ...pairs: [number, number][]): Buffer {
  return Buffer.concat([beginning(...pairs), ...streams(count).map((stream) => frame(1, 5, stream, get(path)))]);
}

/** Heads of 15 KiB, of 50 octets each: an entry of the table, and references to it. No two are alike. */
function heads(count: number): Buffer {
  const value = entry("x-a", "a".repeat(3_000));
  const sections = streams(count).map((stream, index) => {
    const first = index === 0 ? value : Buffer.alloc(0);
    return frame(1, 5, stream, Buffer.concat([get(`/hang?${index}`), first, Buffer.alloc(4, NEWEST)]));
  });
  return Buffer.concat([beginning(), ...sections]);
}

const WAYS: readonly Way[] = [
  { name: "windows of nothing", begin: asking("/large.bin", STREAMS, [INITIAL_WINDOW, 0]) },
  { name: "whole answers behind them", begin: asking("/hello", 100, [INITIAL_WINDOW, 0]) },
  {
    name: "windows that drip",
    begin: asking("/large.bin", STREAMS, [INITIAL_WINDOW, 1]),
    drip: Buffer.concat(streams(STREAMS).map((stream) => frame(8, 0, stream, four(1)))),
  },
  { name: "the connection's window", begin: asking("/large.bin", STREAMS, [INITIAL_WINDOW, 1_000_000]) },
  { name: "heads of 15 KiB", begin: heads(100) },
];

const { port, connections, pause } = settings() as HoldSettings;
const report: HoldReport = { opened: 0, left: {}, oldest: 0, octets: 0 };

async function hold(index: number): Promise<void> {
  const { name, begin, drip } = WAYS[index % WAYS.length]!;
  const socket = connect({ port, host: "127.0.0.1", localAddress: addressOf(index) }).on("error", () => {});
  // What comes is read: it is the windows that are shut.
  socket.resume();
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
  if (!connected) return;
  const born = performance.now();
  report.opened++;
  report.left[name] = (report.left[name] ?? 0) + 1;
  socket.write(begin);
  const timer = drip && setInterval(() => socket.write(drip), pause);
  socket.once("end", () => socket.destroy());
  socket.once("close", () => {
    clearInterval(timer);
    report.left[name]!--;
    report.octets += socket.bytesWritten;
    report.oldest = Math.max(report.oldest, performance.now() - born);
  });
}

void each(connections * WAYS.length, 20, hold);
onAsk((): HoldReport => report);
