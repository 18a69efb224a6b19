// Asks for /hello at a fixed rate whether or not earlier requests have been answered: half of them each on a connection
// of its own, half on connections that are kept. Says how many were answered, and how fast.

import { onAsk, dial, settings } from "./client.ts";
import type { Socket } from "node:net";

export interface GoodSettings {
  port: number;
  perSecond: number;
}

export interface GoodReport {
  asked: number;
  answered: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  worst: number;
  /** Why requests failed, each reason once. */
  reasons: string[];
}

const TIMEOUT = 5_000;
const ANSWER = '{"hello":"world"}';
/** Far from the addresses that the others come from. */
const ADDRESS = 100_000;

const { port, perSecond } = settings() as GoodSettings;
const kept: Socket[] = [];
const times: number[] = [];
const reasons = new Set<string>();
const begin = performance.now();
let asked = 0;
let under = 0;

function ask(socket: Socket, close: boolean): void {
  const start = performance.now();
  let text = "";
  under++;
  const finish = (reason?: string): void => {
    clearTimeout(timer);
    socket.removeAllListeners("data").removeAllListeners("close");
    under--;
    if (reason === undefined) times.push(performance.now() - start);
    else reasons.add(reason);
    if (reason === undefined && !close)
      kept.push(socket.once("close", () => kept.splice(kept.indexOf(socket) >>> 0, 1)));
    else socket.destroy();
  };
  const timer = setTimeout(() => finish(`no answer in ${TIMEOUT} ms`), TIMEOUT);
  socket.removeAllListeners("close").once("close", () => finish(`closed after "${text.slice(0, 60)}"`));
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    if (!text.endsWith(ANSWER)) return;
    finish(text.startsWith("HTTP/1.1 200 ") ? undefined : `unexpected answer: ${text.slice(0, 60)}`);
  });
  socket.write(`GET /hello HTTP/1.1\r\nHost: a\r\n${close ? "Connection: close\r\n" : ""}\r\n`);
}

setInterval(() => {
  const due = Math.floor(((performance.now() - begin) * perSecond) / 1_000);
  for (; asked < due; asked++) {
    const close = asked % 2 === 0;
    ask((close ? undefined : kept.pop()) ?? dial(port, ADDRESS).setNoDelay(), close);
  }
}, 2);

onAsk((): GoodReport => {
  const sorted = Float64Array.from(times).sort();
  const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? NaN;
  return {
    asked: asked - under,
    answered: times.length,
    p50: at(0.5),
    p99: at(0.99),
    worst: at(1),
    reasons: [...reasons],
  };
});
