// The app that soaks, run by `millrace run`. The environment names its folder, and whether faults are planted.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { arc, events, files, type Request, stream, text, upgrade } from "../../src/index.ts";
import { page, pattern } from "./content.ts";

const folder = process.env["SOAK_FOLDER"]!;
const isFaulty = process.env["SOAK_FAULT"] === "all";
const leaked: Buffer[] = [];
let calls = 0;

const app = arc()
  .get("/hello", hello)
  .get("/users/:id", ({ params, query }) => ({ id: params.id, q: query.get("q") ?? null }))
  .post("/json", async (request) => ({ got: await request.json() }))
  .post("/upload", upload)
  .get("/stream", ({ query }) => stream(pieces(Number(query.get("length")))))
  .post("/mirror", (request) => stream(request.chunks()))
  .get("/events/:count", ({ params }) => events(messages(Number(params.count))))
  .get("/cached/:key", ({ params }) =>
    Object.assign(text(`${params.key} ${page(params.key)}`), { serverCache: "full" as const }),
  )
  .get("/page/:key", ({ params }) => text(page(params.key)))
  .get("/echo", () => upgrade("echo", (connection) => void connection.pipe(connection)))
  .mount("/files", files(join(folder, "files")));

function hello(): string {
  calls++;
  if (!isFaulty) return "hello";
  leaked.push(Buffer.alloc(128 * 1024, calls));
  const marker = join(folder, "stray");
  if (calls === 20 && !existsSync(marker)) {
    // Once: it ends its worker.
    writeFileSync(marker, "");
    void Promise.reject(new Error("planted"));
  }
  return calls % 20 === 0 ? "hallo" : "hello";
}

async function upload(request: Request): Promise<object> {
  let length = 0;
  let checksum = 0;
  for await (const chunk of request.chunks()) {
    length += chunk.length;
    checksum = crc32(chunk, checksum);
  }
  return { length, checksum };
}

async function* pieces(length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += 16_384) {
    yield pattern(at, Math.min(16_384, length - at));
    if (at % 65_536 === 0) await sleep(1);
  }
}

async function* messages(count: number): AsyncGenerator<{ readonly id: string; readonly data: string }> {
  for (let id = 1; id <= count; id++) {
    yield { id: String(id), data: `message ${id}` };
    await sleep(2);
  }
}

/** What this process has, after its garbage has been collected; written where its parent reads it. */
async function tellVitals(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc?.();
    await sleep(10);
  }
  const resources = process.getActiveResourcesInfo().length;
  const { heapUsed, external, rss } = process.memoryUsage();
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify({ heapUsed, external, rss, resources }));
}

process.on("SIGUSR2", () => void tellVitals());

// Small enough that what is stored has to go again.
export default { app, cache: { maxBytes: 2_000_000 } };
