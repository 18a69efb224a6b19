import { once } from "node:events";
import { mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { ServerProcess } from "../support/server-process.ts";

const MIB = 2 ** 20;

/** Waits for something that has to become true soon. */
async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await check())) {
    assert.ok(performance.now() < deadline, `not in 5 s: ${what}`);
    await sleep(20);
  }
}

describe("Node's fetch against a server", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-fetch-"));
  let server: ServerProcess;

  before(async () => {
    writeFileSync(join(folder, "large.bin"), "");
    truncateSync(join(folder, "large.bin"), 256 * MIB);
    writeFileSync(join(folder, "a.txt"), "0123456789");
    // A file that has just been written has a weak validator, and If-Range needs a strong one.
    utimesSync(join(folder, "a.txt"), 1e9, 1e9);
    server = await ServerProcess.start({ folder });
  });

  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  test("JSON, status and type arrive", async () => {
    const response = await fetch(`${server.url}/hello`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.deepEqual(await response.json(), { hello: "world" });
  });

  test("HEAD has a length and no content", async () => {
    const response = await fetch(`${server.url}/a.txt`, { method: "HEAD" });
    assert.equal(response.headers.get("content-length"), "10");
    assert.equal(await response.text(), "");
  });

  test("Two hundred requests at once are all answered", async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => fetch(`${server.url}/hello`).then((r) => r.json())),
    );
    for (const answer of answers) assert.deepEqual(answer, { hello: "world" });
  });

  test("A range and a precondition are obeyed", async () => {
    const whole = await fetch(`${server.url}/a.txt`);
    const etag = whole.headers.get("etag") ?? "";
    assert.equal(await whole.text(), "0123456789");
    const part = await fetch(`${server.url}/a.txt`, { headers: { range: "bytes=2-4", "if-range": etag } });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get("content-range"), "bytes 2-4/10");
    assert.equal(await part.text(), "234");
    const same = await fetch(`${server.url}/a.txt`, { headers: { "if-none-match": etag } });
    assert.equal(same.status, 304);
    assert.equal(await same.text(), "");
  });

  test("A streamed upload arrives as it was sent", async () => {
    const piece = Buffer.alloc(100_003, "water");
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 50; count++) yield piece;
    }
    const body = ReadableStream.from(pieces());
    const response = await fetch(`${server.url}/upload`, { method: "POST", body, duplex: "half" });
    const whole = Buffer.concat(Array.from({ length: 50 }, () => piece));
    assert.deepEqual(await response.json(), { length: whole.length, checksum: crc32(whole) });
  });

  test("A client that goes away aborts the signal of its request", async () => {
    const before = await server.vitals();
    const controller = new AbortController();
    const answer = fetch(`${server.url}/hang`, { signal: controller.signal });
    await sleep(100);
    controller.abort();
    await assert.rejects(answer, { name: "AbortError" });
    await eventually("the signal aborts", async () => (await server.vitals()).aborted === before.aborted + 1);
  });

  test("A client that stops reading in the middle ends the stream that it read", async () => {
    const response = await fetch(`${server.url}/stream?length=${2 ** 40}`);
    const reader = response.body!.getReader();
    await reader.read();
    assert.equal((await server.vitals()).streaming, 1);
    await reader.cancel();
    await eventually("the stream ends", async () => (await server.vitals()).streaming === 0);
  });

  test("Clients that go away in the middle of a file leave no descriptor open", async () => {
    // A first one, so that what the server keeps on purpose is open already.
    await abandonDownload(server.port);
    await sleep(100);
    const before = server.descriptors();
    await Promise.all(Array.from({ length: 40 }, () => abandonDownload(server.port)));
    await eventually("all descriptors are closed", () => server.descriptors() <= before);
  });

  test("A client that resets in the middle of an upload leaves no descriptor open", async () => {
    const before = server.descriptors();
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const socket = connect(server.port, "127.0.0.1");
        socket.on("error", () => {});
        await once(socket, "connect");
        socket.write("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n0123456789");
        await sleep(30);
        socket.resetAndDestroy();
      }),
    );
    await eventually("all descriptors are closed", () => server.descriptors() <= before);
  });
});

/** Asks for a large file, reads its first octets and hangs up. */
async function abandonDownload(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(socket, "data");
  socket.destroy();
}
