import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { deferred } from "../../support/deferred.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { turns } from "../../support/raw-client.ts";
import { type TestServer, testServer } from "../../support/test-server.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";

/** The watchdog looks every 250 ms and is never early, so it may be this late. */
const SLACK = 750;

async function read(request: Request): Promise<Response> {
  let length = 0;
  for await (const chunk of request.chunks()) length += chunk.length;
  return new Response(String(length));
}

/** Nothing happens before the deadline; what comes after it is up to the caller. */
async function passUntil(server: TestServer, client: RawClient, milliseconds: number): Promise<void> {
  await server.pass(milliseconds - 10);
  await client.wantSilence();
  await server.pass(SLACK);
}

describe("Deadlines", () => {
  test("tänzer watchdog: idle, head, body, handler, write and drain have a limit each, as configured", async () => {
    const hang = (): Promise<Response> => deferred<Response>().promise;
    const phases = { idle: 7_000, head: 3_000, body: 4_000, handler: 5_000, grace: 4_000 };
    const outcomes = [];
    for (const [sent, handler, limit] of [
      ["", hang, 7_000],
      ["GET", hang, 3_000],
      [POST, read, 4_000],
      [GET, hang, 5_000],
    ] as const) {
      const server = testServer(handler, {}, phases);
      const client = server.connect();
      client.send(sent);
      await turns();
      await passUntil(server, client, limit);
      outcomes.push(sent === "" ? 0 : (await client.response()).status);
      await client.wantEnd();
    }
    assert.deepEqual(outcomes, [0, 408, 408, 503]);
  });

  test("A connection that never asks is closed after 65 s without a word", async () => {
    const server = testServer(read);
    const client = server.connect();
    await passUntil(server, client, 65_000);
    await client.wantEnd();
  });

  test("A connection is closed 65 s after its last answer", async () => {
    const server = testServer(() => new Response("x"));
    const client = server.connect();
    await server.pass(40_000);
    client.send(GET);
    await client.response();
    await passUntil(server, client, 65_000);
    await client.wantEnd();
  });

  test("A crowded server waits 5 s", async () => {
    const server = testServer(
      () => new Response("x"),
      {},
      {},
      () => true,
    );
    const client = server.connect();
    client.send(GET);
    await client.response();
    await passUntil(server, client, 5_000);
    await client.wantEnd();
  });

  test("A head has 10 s from its first octet, and octets on the way do not prolong it", async () => {
    const server = testServer(read);
    const client = server.connect();
    await server.pass(30_000);
    client.send("GET / HTTP/1.1\r\n");
    await turns();
    for (let second = 0; second < 9; second++) {
      await server.pass(1_000);
      client.send(`X-${second}: y\r\n`);
      await client.wantSilence();
    }
    await server.pass(1_000 + SLACK);
    const response = await client.response();
    assert.deepEqual([response.status, response.field("connection")], [408, "close"]);
    await client.wantEnd();
  });

  test("A head that waits behind an answer has its 10 s once its turn has come", async () => {
    const late = deferred<Response>();
    const server = testServer(() => late.promise);
    const client = server.connect();
    client.send(`${GET}GET / HT`);
    await turns();
    await server.pass(30_000);
    late.resolve(new Response("x"));
    await client.response();
    await passUntil(server, client, 10_000);
    assert.equal((await client.response()).status, 408);
  });

  test("Silent content is cut with 408", async () => {
    const server = testServer(read);
    const client = server.connect();
    client.send(POST);
    await turns();
    await server.pass(30_000 + 5_000 + SLACK);
    const response = await client.response();
    assert.deepEqual([response.status, response.field("connection")], [408, "close"]);
    await client.wantEnd();
  });

  test("Content that drips below 500 octets a second is cut with 408 after the grace", async () => {
    const server = testServer(read);
    const client = server.connect();
    client.send(POST);
    for (let second = 0; second < 9; second++) {
      client.send("x".repeat(100));
      await server.pass(1_000);
    }
    await client.wantSilence();
    for (let second = 0; second < 20 && !client.ended; second++) {
      client.send("x".repeat(100));
      await server.pass(1_000);
    }
    assert.equal((await client.response()).status, 408);
  });

  test("Content that comes at 600 octets a second may take its time", async () => {
    const server = testServer(read);
    const client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 72000\r\n\r\n");
    for (let second = 0; second < 120; second++) {
      client.send("x".repeat(600));
      await server.pass(1_000);
    }
    assert.equal((await client.response()).body, "72000");
  });

  test("A burst does not buy the right to drip", async () => {
    const server = testServer(read);
    const client = server.connect();
    client.send(POST, "x".repeat(500_000));
    await turns();
    let seconds = 0;
    for (; seconds < 120 && !client.ended; seconds++) {
      client.send("x");
      await server.pass(1_000);
    }
    assert.ok(seconds <= 45, `dripped for ${seconds} s`);
    assert.equal((await client.response()).status, 408);
  });

  test("A handler has 60 s; then its signal aborts, the client gets 503, and its late answer is dropped", async () => {
    const late = deferred<Response>();
    let reason: unknown;
    let cancelled = false;
    const server = testServer((request) => {
      request.signal.addEventListener("abort", () => ({ reason } = request.signal));
      return late.promise;
    });
    const client = server.connect();
    client.send(GET);
    await turns();
    await passUntil(server, client, 60_000);
    const response = await client.response();
    assert.deepEqual([response.status, response.field("connection")], [503, "close"]);
    assert.equal((reason as DOMException).name, "TimeoutError");
    assert.equal(server.log.at(-1)?.level, "error");
    late.resolve(new Response(new ReadableStream({ cancel: () => void (cancelled = true) })));
    await turns();
    assert.equal(cancelled, true);
    await client.wantEnd();
  });

  test("A handler that does not take the content has its 60 s", async () => {
    const server = testServer(() => deferred<Response>().promise);
    const client = server.connect();
    client.send(POST, "x".repeat(200_000));
    await turns();
    await passUntil(server, client, 60_000);
    assert.equal((await client.response()).status, 503);
  });

  test("A streamed answer may pause as long as it likes while the client takes what there is", async () => {
    const more = deferred();
    const server = testServer(
      () =>
        new Response(
          (async function* () {
            yield "one";
            await more.promise;
            yield "two";
          })(),
        ),
    );
    const client = server.connect();
    client.send(GET);
    await turns();
    await server.pass(3_600_000);
    more.resolve();
    assert.equal((await client.response()).body, "onetwo");
  });

  test("A client that takes nothing of an answer is cut off", async () => {
    const server = testServer(() => new Response(Buffer.alloc(1_000_000)));
    const client = server.connect();
    client.pause();
    client.send(GET);
    await turns();
    await server.pass(30_000 + 5_000 + SLACK);
    await client.wantClosed();
    assert.equal(server.http.sessions, 0);
  });

  test("A client that takes nothing of its last answer is cut off too", async () => {
    const server = testServer(() => new Response(Buffer.alloc(1_000_000)));
    const client = server.connect();
    client.pause();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await turns();
    await server.pass(2_000 + 30_000 + 5_000 + SLACK);
    await client.wantClosed();
    assert.equal(server.http.sessions, 0);
  });

  test("Unread content has 1 s to come", async () => {
    const server = testServer(() => new Response("early"));
    const client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    assert.equal((await client.response()).field("connection"), undefined);
    await passUntil(server, client, 1_000);
    await client.wantEnd();
  });

  test("After its last answer the server reads on for 2 s, then the connection is gone", async () => {
    const server = testServer(() => new Response("x"));
    const client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await client.response();
    await client.wantEnd();
    await server.pass(1_990);
    assert.equal(client.closed, false);
    await server.pass(SLACK);
    assert.equal(client.closed, true);
    assert.equal(server.http.sessions, 0);
  });

  test("No timer is left when no connection is left", async () => {
    const server = testServer(() => new Response("x"));
    const clients = Array.from({ length: 10 }, () => server.connect());
    for (const client of clients) client.vanish();
    await turns();
    await server.pass(SLACK);
    assert.deepEqual([server.http.sessions, server.clock.timers], [0, 0]);
  });
});
