import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { arc, cookies, files, form, HttpError, json, multipart, Response, setCookie, stream } from "../../src/index.ts";
import type { Request } from "../../src/index.ts";
import type { ServerOptions } from "../../src/server/options.ts";

/** What every way to it has to show alike. */
export interface Site extends Disposable {
  readonly options: ServerOptions;
  /** Requests whose signal has aborted. */
  readonly aborted: () => number;
  /** Calls of the handler whose answer is stored. */
  readonly made: () => number;
}

/** The content of `/files/large.txt`. */
export const LARGE: string = "Das Wandern ist des Müllers Lust\n".repeat(10_000);
export const PIECE: Buffer = Buffer.alloc(16 * 1024, "0123456789abcdef");

export function makeSite(): Site {
  const folder = mkdtempSync(join(tmpdir(), "millrace-behaviour-"));
  for (const [name, text] of [
    ["hello.txt", "hello, file"],
    ["large.txt", LARGE],
    ["page.html", "<h1>page</h1>"],
  ] as const) {
    writeFileSync(join(folder, name), text);
    // A file that has just been written has a weak validator.
    utimesSync(join(folder, name), 1e9, 1e9);
  }
  let aborted = 0;
  let made = 0;
  const watched = ({ signal }: Request): void => signal.addEventListener("abort", () => aborted++);
  const app = arc()
    .get("/", () => "hello")
    .get("/users/:id", ({ params, query }) => ({ id: params.id, tags: query.getAll("tag") }))
    .get("/facts", ({ method, path, target, secure, protocol, host }) => ({
      method,
      path,
      target,
      secure,
      protocol,
      host,
    }))
    .get("/host", ({ headers, host, url }) => [headers.get("host"), host, url])
    .get("/fields", ({ headers }) => [...headers].filter(([name]) => name.startsWith("x-")))
    .get("/nothing", () => null)
    .post("/users", async (request) => [201, await request.json()])
    .post("/form", async (request) => Object.fromEntries(await form(request)))
    .post("/upload", upload)
    .post("/echo", (request) => stream(request.chunks(), { type: "application/octet-stream" }))
    .post("/length", async (request) => ({ length: (await request.bytes()).length }))
    .post("/trailers", async (request) => {
      await request.bytes();
      return { behind: (await request.trailers)?.get("x-behind") ?? null };
    })
    .post("/ignored", () => "not looked at")
    .get("/stream/:count", ({ params }) => stream(pieces(Number(params.count))))
    .get("/trailing", () => new Response(pieces(1), { trailers: () => ({ "x-behind": "yes" }) }))
    .get("/trailing-whole", () => new Response("whole", { trailers: () => ({ "x-behind": "yes" }) }))
    .get("/hints", (request) => {
      request.earlyHints(["</style.css>; rel=preload; as=style"]);
      return "hinted";
    })
    .get("/cookies", (request) => {
      const answer = json(Object.fromEntries(cookies(request)));
      setCookie(answer, "a", "1");
      setCookie(answer, "b", "2", { httpOnly: true });
      return answer;
    })
    .get("/stored", () => {
      made++;
      const answer = json({ made }, { headers: { "cache-control": "max-age=60" } });
      answer.serverCache = "full";
      return answer;
    })
    .get("/slow/:ms", async (request) => {
      watched(request);
      await sleep(Number(request.params.ms), undefined, { signal: request.signal });
      return request.params.ms;
    })
    .get("/endless", (request) => {
      watched(request);
      return stream(pieces(Infinity));
    })
    .get("/cut", () => stream(broken()))
    .get("/teapot", () => {
      throw new HttpError(418, "short and stout");
    })
    .get("/broken", () => {
      throw new Error("a secret");
    })
    .redirect("/old", "/new", { permanent: true })
    .mount("/files", files(folder));
  return {
    options: { app, log: "off", limits: { content: 4 << 20, buffered: 4 << 20 } },
    aborted: () => aborted,
    made: () => made,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

async function upload(request: Request): Promise<object> {
  const parts: object[] = [];
  for await (const part of multipart(request)) {
    const { name, filename } = part;
    parts.push({ name, filename, length: (await part.bytes()).length });
  }
  return parts;
}

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < count; sent++) yield PIECE;
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield PIECE;
  throw new Error("the source broke off");
}
