// Asks for /hello at a fixed rate whether or not earlier requests have been answered: half of them each on a connection
// of its own, half on connections that are kept. Over TLS the handshake counts too. Says how many were answered, and how
// fast.

import { addressOf, onAsk, dial, settings } from "./client.ts";
import type { Socket } from "node:net";
import { connect } from "node:tls";

export interface GoodSettings {
  port: number;
  perSecond: number;
  /** Whether over TLS. */
  secure: boolean;
}

export interface GoodReport {
  asked: number;
  answered: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  worst: number;
  /** p99 of those that were answered since the report before. */
  lately: number;
  /** Why requests failed, each reason once. */
  reasons: string[];
}

const TIMEOUT = 5_000;
const ANSWER = '{"hello":"world"}';
/** Far from the addresses that the others come from. */
const ADDRESS = 100_000;

const { port, perSecond, secure } = settings() as GoodSettings;
const kept: Socket[] = [];
const times: number[] = [];
const reasons = new Set<string>();
const begin = performance.now();
let asked = 0;
let under = 0;
let told = 0;

function open(): Socket {
  if (!secure) return dial(port, ADDRESS).setNoDelay();
  const to = { port, host: "127.0.0.1", localAddress: addressOf(ADDRESS), servername: "localhost" };
  return connect({ ...to, rejectUnauthorized: false })
    .on("error", () => {})
    .setNoDelay();
}

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
    ask((close ? undefined : kept.pop()) ?? open(), close);
  }
}, 2);

/** The time that a part of them stayed below. */
function quantile(some: readonly number[], part: number): number {
  const sorted = Float64Array.from(some).sort();
  return sorted[Math.floor((sorted.length - 1) * part)] ?? NaN;
}

onAsk((): GoodReport => {
  const lately = quantile(times.slice(told), 0.99);
  told = times.length;
  const at = (part: number): number => quantile(times, part);
  return {
    asked: asked - under,
    answered: times.length,
    p50: at(0.5),
    p99: at(0.99),
    worst: at(1),
    lately,
    reasons: [...reasons],
  };
});
