import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { accessLog, arc, events, HttpError } from "../../../src/index.ts";
import { testServer } from "../../../src/testing.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-access-"));
after(() => rmSync(folder, { recursive: true }));

interface Entry {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly bytes: number;
  readonly ms: number;
  readonly aborted?: boolean;
  readonly userAgent?: string;
  readonly referer?: string;
}

function entries(path: string): Entry[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

/** What is sent is counted, and what comes out of a coding is longer. */
const PLAIN = { "accept-encoding": "identity" };

const app = arc()
  .get("/text", () => "hello")
  .get("/slow", () => sleep(30).then(() => "done"))
  .get("/stream", () =>
    events(
      (async function* () {
        yield "one";
        yield "two";
      })(),
    ),
  )
  .get("/endless", ({ signal }) =>
    events(
      (async function* () {
        for (;;) {
          yield "x".repeat(1000);
          await sleep(5, undefined, { signal });
        }
      })(),
    ),
  )
  .get("/refused", () => {
    throw new HttpError(403);
  })
  .get("/broken", () => {
    throw new Error("a secret");
  });

test("Access log has a line for each answer, with the octets that were sent", async () => {
  const path = join(folder, "each.log");
  const server = await testServer({ app, extensions: [accessLog({ to: path })] });
  const asked: [string, string][] = [
    ["GET", "/text?a=b"],
    ["HEAD", "/text"],
    ["GET", "/stream"],
    ["GET", "/refused"],
    ["GET", "/broken"],
    ["GET", "/nothing"],
    ["DELETE", "/text"],
    ["GET", "/slow"],
  ];
  const lengths: number[] = [];
  for (const [method, target] of asked) {
    const response = await server.fetch(target, { method, headers: { referer: "http://from.example/", ...PLAIN } });
    lengths.push((await response.bytes()).length);
  }
  await server.close();
  const lines = entries(path);
  assert.deepEqual(
    lines.map(({ method, target, status }) => `${method} ${target} ${status}`),
    ["GET /text?a=b 200", "HEAD /text 200", "GET /stream 200", "GET /refused 403"].concat([
      "GET /broken 500",
      "GET /nothing 404",
      "DELETE /text 405",
      "GET /slow 200",
    ]),
  );
  assert.deepEqual(
    lines.map(({ bytes }) => bytes),
    lengths,
  );
  assert.ok(lines.at(-1)!.ms >= 29, String(lines.at(-1)!.ms));
  assert.ok(lines.every(({ userAgent, referer }) => userAgent === "node" && referer === "http://from.example/"));
});

test("Access log tells of a response that its client did not wait for", async () => {
  const path = join(folder, "aborted.log");
  const server = await testServer({ app, extensions: [accessLog({ to: path })] });
  const response = await server.fetch("/endless", { headers: PLAIN });
  await response.body!.getReader().read();
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  socket.once("data", () => socket.resetAndDestroy());
  await sleep(100);
  await server.server.stop({ deadline: 10 });
  const lines = entries(path);
  assert.equal(lines.length, 2);
  for (const line of lines) assert.deepEqual([line.aborted, line.bytes >= 1000], [true, true]);
});

test("Access log goes to a stream of the user's, as text when told", async () => {
  const stream = new PassThrough();
  const server = await testServer({ app, extensions: [accessLog({ to: stream, format: "text" })] });
  await (await server.fetch("/text")).text();
  await server.close();
  assert.match(String(stream.read()), /^\d\d:\d\d:\d\d {2}200 {2}GET {3}\/text {2}5 B {2}\S+ ms\n$/);
});

test("Access log goes on in a new file after a rotation", async () => {
  const path = join(folder, "rotated.log");
  const log = accessLog({ to: path });
  const server = await testServer({ app, extensions: [log] });
  await (await server.fetch("/text?1")).text();
  await log.flush();
  renameSync(path, `${path}.1`);
  await log.reopen();
  await (await server.fetch("/text?2")).text();
  await server.close();
  assert.deepEqual(
    [...entries(`${path}.1`), ...entries(path)].map(({ target }) => target),
    ["/text?1", "/text?2"],
  );
});

test("Access log that cannot be opened stops the start", () => {
  assert.throws(() => accessLog({ to: join(folder, "nothing/access.log") }), { code: "LOG_NOT_WRITABLE" });
});
