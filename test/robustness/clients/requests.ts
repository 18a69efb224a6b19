// Ordinary requests of many kinds, one after the other on each connection. Says how many have been answered.

import { dial, each, onAsk, settings } from "./client.ts";

export interface RequestSettings {
  port: number;
  count: number;
}

export interface RequestReport {
  answered: number;
  failed: number;
}

const { port, count } = settings() as RequestSettings;
const ROUND = 1_000;
let answered = 0;
let failed = 0;

/** Each with the status that it must have. */
const KINDS: readonly (readonly [request: string, status: number])[] = [
  ["GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", 200],
  ["GET /small.txt HTTP/1.1\r\nHost: a\r\nX-A: b\r\nCookie: a=b; c=d\r\n\r\n", 200],
  ["POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world", 200],
  ["POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", 200],
  ["GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404],
  ["GET /small.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\n", 206],
  ["GET /stream?length=100 HTTP/1.1\r\nHost: a\r\n\r\n", 200],
];

async function round(index: number): Promise<void> {
  const socket = dial(port, index % 20_000).setNoDelay();
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (let turn = 0; turn < ROUND && answered + failed < count; turn++) {
    const [request, status] = KINDS[turn % KINDS.length]!;
    socket.write(request, "latin1");
    const text = await answerFrom(chunks);
    if (text.startsWith(`HTTP/1.1 ${status} `)) answered++;
    else failed++;
    if (text === "") break;
  }
  socket.destroy();
}

/** One whole answer, by its length or its last chunk; empty when the connection is gone. */
async function answerFrom(chunks: AsyncIterator<Buffer>): Promise<string> {
  let text = "";
  while (!isWhole(text)) {
    const next = await chunks.next().catch(() => undefined);
    if (next === undefined || next.done === true) return "";
    text += next.value.toString("latin1");
  }
  return text;
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
  return length === undefined ? text.endsWith("\r\n0\r\n\r\n") : text.length >= head + 4 + Number(length);
}

void each(Math.ceil(count / ROUND) + 64, 32, round);
onAsk((): RequestReport => ({ answered, failed }));
