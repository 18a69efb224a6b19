// A server in a process of its own, so that its memory and its descriptors can be counted from outside.
// Started by server-process.ts; the argument is JSON of `Settings`.

import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { silentLog } from "../../src/base/log.ts";
import { HTTP_LIMITS } from "../../src/http/http-limits.ts";
import { HttpServer } from "../../src/http/http-server.ts";
import { HttpError, type Request, Response } from "../../src/index.ts";
import { listen } from "../../src/transport/tcp.ts";
import { DEFAULT_LIMITS, Watchdog } from "../../src/transport/watchdog.ts";
import { Loader } from "../../src/hosts/loader/loader.ts";
import type { Settings, Vitals } from "./server-process.ts";

const { folder, limits, deadlines } = JSON.parse(process.argv[2] ?? "{}") as Settings;
const loader = folder === undefined ? undefined : new Loader(folder);
const PIECE = Buffer.alloc(64 * 1024, "0123456789abcdef");
let aborted = 0;
let streaming = 0;

async function upload(request: Request): Promise<Response> {
  let length = 0;
  let checksum = 0;
  for await (const chunk of request.chunks()) {
    length += chunk.length;
    checksum = crc32(chunk, checksum);
  }
  return Response.json({ length, checksum });
}

async function* pieces(length: number): AsyncGenerator<Uint8Array> {
  streaming++;
  try {
    for (let left = length; left > 0; left -= PIECE.length) yield left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
  } finally {
    streaming--;
  }
}

/** Never answers: whoever asked has to go away. */
async function hang(request: Request): Promise<Response> {
  request.signal.addEventListener("abort", () => aborted++);
  await sleep(600_000, undefined, { signal: request.signal }).catch(() => {});
  return new Response("late\n");
}

function answer(request: Request): Response | Promise<Response> {
  switch (request.path) {
    case "/hello":
      return Response.json({ hello: "world" });
    case "/method":
      return new Response(request.method);
    case "/upload":
      return upload(request);
    case "/stream":
      return new Response(pieces(Number(request.query.get("length"))), {
        headers: { "content-type": "application/octet-stream" },
      });
    case "/hang":
      return hang(request);
    default:
      if (loader === undefined) throw new HttpError(404);
      return loader.handle(request);
  }
}

async function vitals(): Promise<Vitals> {
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc?.();
    await sleep(10);
  }
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const { heapUsed, external } = process.memoryUsage();
  return { heapUsed, external, resources, aborted, streaming };
}

const server = new HttpServer({
  handler: answer,
  limits: { ...HTTP_LIMITS, ...limits },
  phases: { ...DEFAULT_LIMITS, ...deadlines },
  watchdog: new Watchdog(),
  log: silentLog,
});
const { address } = await listen({ host: "127.0.0.1", port: 0 }, (connection) => server.accept(connection));
process.on("message", () => void vitals().then((message) => process.send?.(message)));
process.on("disconnect", () => process.exit());
process.send?.({ port: address.kind === "tcp" ? address.port : 0 });
