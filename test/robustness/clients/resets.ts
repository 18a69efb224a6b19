// Breaks connections off at a random octet, by FIN or by RST, before, in or behind a request. Says how many are done.

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { dial, each, onAsk, randomFrom, settings } from "./client.ts";

export interface ResetSettings {
  port: number;
  count: number;
  seed: number;
}

export interface ResetReport {
  done: number;
}

const { port, count, seed } = settings() as ResetSettings;
const random = randomFrom(seed);
let done = 0;

const WHOLE = [
  "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3),
  "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /stream?length=1000000 HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n",
  `POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 400\r\n\r\n${"x".repeat(400)}`,
  `POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n${"x".repeat(256)}\r\n0\r\n\r\n`,
];

async function breakOff(index: number): Promise<void> {
  const whole = WHOLE[Math.floor(random() * WHOLE.length)]!;
  const octets = whole.slice(0, Math.floor(random() * (whole.length + 1)));
  const patient = random() < 0.5;
  const reset = random() < 0.5;
  const socket = dial(port, index % 20_000);
  const closed = once(socket, "close");
  await Promise.race([once(socket, "connect"), closed]);
  if (octets !== "") socket.write(octets, "latin1");
  // Some wait until the server is at work, and none of them reads.
  if (patient) await sleep(random() * 4);
  if (reset) socket.resetAndDestroy();
  else socket.destroy();
  await closed;
  done++;
}

void each(count, 64, breakOff);
onAsk((): ResetReport => ({ done }));
