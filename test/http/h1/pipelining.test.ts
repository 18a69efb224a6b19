import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { echo } from "../../support/echo.ts";
import { deferred } from "../../support/deferred.ts";
import { testServer } from "../../support/test-server.ts";
import { turns } from "../../support/raw-client.ts";

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

function ok(content: string): string {
  const type = "content-type: text/plain; charset=utf-8\r\n";
  return `HTTP/1.1 200 OK\r\n${type}content-length: ${content.length}\r\n\r\n${content}`;
}

const byPath = (request: Request): Response => new Response(request.path);

describe("Pipelining", () => {
  test("Sixteen requests that come together are answered in order with one write", async () => {
    const client = testServer(byPath).connect();
    const paths = Array.from({ length: 16 }, (_, index) => `/${index}`);
    client.send(paths.map(get).join(""));
    await client.want(paths.map(ok).join(""));
    assert.equal(client.server.writes.length, 1);
  });

  test("A request at a time costs one write each", async () => {
    const client = testServer(byPath).connect();
    for (const path of ["/1", "/2", "/3"]) {
      client.send(get(path));
      await client.want(ok(path));
    }
    assert.equal(client.server.writes.length, 3);
  });

  test("An answer that comes late holds back those behind it, and they leave with it", async () => {
    const slow = deferred<Response>();
    const client = testServer((request) => (request.path === "/slow" ? slow.promise : byPath(request))).connect();
    client.send(get("/slow") + get("/2") + get("/3"));
    await client.wantSilence();
    slow.resolve(new Response("/slow"));
    await client.want(ok("/slow") + ok("/2") + ok("/3"));
    assert.equal(client.server.writes.length, 1);
  });

  test("The handler is not asked while an earlier answer is outstanding", async () => {
    const asked: string[] = [];
    const slow = deferred<Response>();
    const client = testServer((request) => {
      asked.push(request.path);
      return request.path === "/1" ? slow.promise : byPath(request);
    }).connect();
    client.send(get("/1") + get("/2"));
    await turns();
    assert.deepEqual(asked, ["/1"]);
    slow.resolve(new Response("/1"));
    await client.want(ok("/1") + ok("/2"));
    assert.deepEqual(asked, ["/1", "/2"]);
  });

  test("A streamed answer in the middle keeps its place", async () => {
    const client = testServer((request) => {
      if (request.path !== "/stream") return byPath(request);
      return new Response(
        (async function* () {
          yield "one";
          await turns(3);
          yield "two";
        })(),
      );
    }).connect();
    client.send(get("/1") + get("/stream") + get("/2"));
    const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
    await client.want(ok("/1") + chunked + ok("/2"));
  });

  test("Requests with content may follow each other, whichever way it is framed", async () => {
    const client = testServer(echo).connect();
    const byLength = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    const byChunks = "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n";
    client.send(byLength + byChunks + get("/3"));
    const bodies = [await client.response(), await client.response(), await client.response()].map(({ body }) => body);
    assert.deepEqual(bodies, ["POST /1\nabc", "POST /2\ndef", "GET /3\n"]);
  });

  test("A refusal waits behind the answers before it and leaves with them", async () => {
    const client = testServer(byPath).connect();
    client.send(get("/1") + get("/2") + "nonsense\r\n\r\n");
    await client.want(ok("/1") + ok("/2"));
    const refusal = await client.response();
    assert.equal(refusal.status, 400);
    assert.equal(refusal.field("connection"), "close");
    await client.wantEnd();
    assert.equal(client.server.writes.length, 1);
  });

  test("A refusal waits behind an answer that is still being made", async () => {
    const slow = deferred<Response>();
    const client = testServer(() => slow.promise).connect();
    client.send(get("/1") + "nonsense\r\n\r\n");
    await client.wantSilence();
    slow.resolve(new Response("late"));
    assert.equal((await client.response()).body, "late");
    assert.equal((await client.response()).status, 400);
  });

  test("What comes after a request that says close is not read", async () => {
    const asked: string[] = [];
    const client = testServer((request) => {
      asked.push(request.path);
      return byPath(request);
    }).connect();
    client.send(`GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${get("/2")}`);
    assert.equal((await client.response()).field("connection"), "close");
    await client.wantEnd();
    assert.deepEqual(asked, ["/1"]);
  });

  test("A backlog above its limit stops the reading until it is answered", async () => {
    const slow = deferred<Response>();
    let first = true;
    const handler = (request: Request): Response | Promise<Response> => {
      if (!first) return byPath(request);
      first = false;
      return slow.promise;
    };
    const client = testServer(handler, { backlog: 1000 }).connect();
    const paths = Array.from({ length: 100 }, (_, index) => `/${index}`);
    await client.sendApart(...paths.map(get));
    assert.equal(client.server.paused, true);
    slow.resolve(new Response("/0"));
    await client.want(paths.map(ok).join(""));
    assert.equal(client.server.paused, false);
  });

  test("A client that does not read its answers is not read either", async () => {
    let asked = 0;
    const content = "x".repeat(32 * 1024);
    const client = testServer(() => {
      asked++;
      return new Response(content);
    }).connect();
    client.pause();
    client.send(get("/").repeat(200));
    await turns();
    assert.ok(asked <= 8, `${asked} requests were answered before anything was taken`);
    client.resume();
    for (let index = 0; index < 200; index++) assert.equal((await client.response()).body.length, content.length);
    assert.equal(asked, 200);
  });
});
