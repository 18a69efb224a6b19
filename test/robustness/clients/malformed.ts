// Sends one random, mostly malformed request on each of many connections. Says how many are done.

import { once } from "node:events";
import { dial, each, onAsk, randomFrom, settings } from "./client.ts";

export interface MalformedSettings {
  port: number;
  count: number;
  seed: number;
}

export interface MalformedReport {
  done: number;
  /** Answers by status; 0 where the connection ended without one. */
  statuses: Record<string, number>;
}

const { port, count, seed } = settings() as MalformedSettings;
const random = randomFrom(seed);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const statuses: Record<string, number> = {};
let done = 0;

const WHOLE = [
  "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
  "HEAD /hello?x=%41 HTTP/1.0\r\n\r\n",
  "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
  "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  'GET http://a/hello HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1,-5\r\nIf-None-Match: W/"a", *\r\n\r\n',
];
const STRANGE = [
  "\0",
  "\r",
  "\n",
  "\r\n",
  "\t",
  " ",
  ":",
  ";",
  ",",
  '"',
  "%",
  "%zz",
  "%00",
  "..",
  "//",
  "\\",
  "\u00a0",
  "\x7f",
  "\u00ff",
  "Content-Length: 7\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Host: b\r\n",
  "Expect: 100-continue\r\n",
  "ffffffffffffffff",
  "-1",
  "0x10",
  "HTTP/9.9",
  "Upgrade: x\r\nConnection: upgrade\r\n",
  "A".repeat(20_000),
];

function mutated(): Buffer {
  let text = pick(WHOLE);
  for (let times = Math.floor(random() * 4) + 1; times > 0; times--) {
    const at = Math.floor(random() * text.length);
    const length = Math.floor(random() * 6);
    const change = random();
    if (change < 0.5) text = text.slice(0, at) + pick(STRANGE) + text.slice(at);
    else if (change < 0.8) text = text.slice(0, at) + text.slice(at + length);
    else text = text.slice(0, at) + text.slice(at, at + length).repeat(3) + text.slice(at + length);
  }
  return Buffer.from(text, "latin1");
}

async function send(index: number): Promise<void> {
  // Octets that no request begins with, now and then.
  const octets = random() < 0.05 ? Buffer.from(Array.from({ length: 200 }, () => random() * 256)) : mutated();
  const socket = dial(port, index % 20_000);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  const closed = once(socket, "close");
  // Says goodbye with FIN; who is not answered at all hangs up.
  const patience = setTimeout(() => socket.destroy(), 1_000);
  socket.end(octets);
  await closed;
  clearTimeout(patience);
  const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? "0";
  statuses[status] = (statuses[status] ?? 0) + 1;
  done++;
}

void each(count, 64, send);
onAsk((): MalformedReport => ({ done, statuses }));
