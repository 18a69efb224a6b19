import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { deferred } from "../../support/deferred.ts";
import { turns } from "../../support/raw-client.ts";
import { testServer } from "../../support/test-server.ts";

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

function post(...fields: string[]): string {
  return ["POST / HTTP/1.1", "Host: a", ...fields, "", ""].join("\r\n");
}

async function echo(request: Request): Promise<Response> {
  return new Response(await request.text());
}

/** Counts the octets of a request's content as they come. */
function counting(): { handler: (request: Request) => Promise<Response>; read: () => number } {
  let read = 0;
  const handler = async (request: Request): Promise<Response> => {
    for await (const chunk of request.chunks()) read += chunk.length;
    return new Response(String(read));
  };
  return { handler, read: () => read };
}

describe("Expect: 100-continue", () => {
  test("100 is sent when the handler begins to read, and not before", async () => {
    const begin = deferred();
    const client = testServer(async (request) => {
      await begin.promise;
      return echo(request);
    }).connect();
    client.send(post("Content-Length: 5", "Expect: 100-continue"));
    await client.wantSilence();
    begin.resolve();
    await client.want(CONTINUE);
    client.send("hello");
    const response = await client.response();
    assert.deepEqual([response.status, response.body, response.field("connection")], [200, "hello", undefined]);
  });

  test("A handler that does not read gets no 100, and the connection is closed", async () => {
    const client = testServer(() => new Response("no", { status: 403 })).connect();
    client.send(post("Content-Length: 5", "Expect: 100-continue"));
    const response = await client.response();
    assert.deepEqual([response.status, response.interim, response.field("connection")], [403, [], "close"]);
    await client.wantEnd();
  });

  test("No 100 is needed when content has come with the head", async () => {
    const client = testServer(echo).connect();
    client.send(`${post("Content-Length: 5", "Expect: 100-continue")}he`);
    await client.wantSilence();
    client.send("llo");
    const response = await client.response();
    assert.deepEqual([response.body, response.interim], ["hello", []]);
  });

  test("A client of HTTP/1.0 gets no 100", async () => {
    const client = testServer(echo).connect();
    client.send("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    await client.wantSilence();
    client.send("hello");
    assert.deepEqual((await client.response()).interim, []);
  });

  test("Chunked content waits for 100 as well, and it is sent once", async () => {
    const client = testServer(echo).connect();
    client.send(post("Transfer-Encoding: chunked", "Expect: 100-CONTINUE"));
    await client.want(CONTINUE);
    await client.sendApart("2\r\nhe\r\n", "3\r\nllo\r\n", "0\r\n\r\n");
    const response = await client.response();
    assert.deepEqual([response.body, response.interim], ["hello", []]);
  });

  test("Another expectation is refused with 417", async () => {
    const client = testServer(echo).connect();
    client.send(post("Content-Length: 5", "Expect: 200-ok"));
    const response = await client.response();
    assert.deepEqual([response.status, response.field("connection")], [417, "close"]);
  });

  test("Content that is streamed back is asked for before the head of the answer", async () => {
    const client = testServer((request) => new Response(request.body)).connect();
    client.send(post("Content-Length: 5", "Expect: 100-continue"));
    await client.want(CONTINUE);
    client.send("hello");
    const response = await client.response();
    assert.deepEqual([response.body, response.field("connection")], ["hello", undefined]);
  });

  test("A request without content gets no 100", async () => {
    const client = testServer(echo).connect();
    client.send(post("Content-Length: 0", "Expect: 100-continue"));
    assert.deepEqual((await client.response()).interim, []);
  });
});

describe("Request content", () => {
  test("arrives the same by length and by chunks, in any pieces", async () => {
    const client = testServer(echo).connect();
    await client.sendApart(post("Content-Length: 11"), "hello", " ", "world");
    assert.equal((await client.response()).body, "hello world");
    await client.sendApart(post("Transfer-Encoding: chunked"), 'b;x="1"\r\nhello', " wor", "ld\r", "\n0\r\n", "\r\n");
    assert.equal((await client.response()).body, "hello world");
  });

  test("has a trailer section, which stays apart from the header section", async () => {
    const seen: unknown[] = [];
    const client = testServer(async (request) => {
      const text = await request.text();
      const trailers = await request.trailers;
      seen.push(trailers?.get("x-sum"), trailers?.get("content-length"), request.headers.get("x-sum"));
      return new Response(text);
    }).connect();
    const head = post("Transfer-Encoding: chunked", "Trailer: x-sum");
    await client.sendApart(`${head}2\r\nhi\r\n0\r\nX-Sum: 1`, "7\r\nContent-Length: 99\r\n", "\r\n");
    assert.equal((await client.response()).body, "hi");
    assert.deepEqual(seen, ["17", "99", null]);
  });

  test("has its trailers also for who reads it as a stream, and for who asks twice", async () => {
    const client = testServer(async (request) => {
      const early = request.trailers;
      let length = 0;
      for await (const chunk of request.body!) length += chunk.length;
      const late = await request.trailers;
      return new Response(`${length} ${(await early)?.get("x-sum")} ${late?.get("x-sum")}`);
    }).connect();
    await client.sendApart(`${post("Transfer-Encoding: chunked")}2\r\nhi\r\n`, "0\r\nX-Sum: 7\r\n\r\n");
    assert.equal((await client.response()).body, "2 7 7");
  });

  test("without trailers has none", async () => {
    const client = testServer(async (request) => {
      await request.bytes();
      return new Response((await request.trailers) === undefined ? "none" : "some");
    }).connect();
    client.send(`${post("Transfer-Encoding: chunked")}0\r\n\r\n`);
    assert.equal((await client.response()).body, "none");
  });

  test("that a handler does not take stops the client at 64 KiB and goes on when it is taken", async () => {
    const begin = deferred();
    const { handler, read } = counting();
    const client = testServer(async (request) => {
      await begin.promise;
      return handler(request);
    }).connect();
    client.send(post("Content-Length: 1000000"), Buffer.alloc(1_000_000));
    await turns();
    assert.equal(client.server.paused, true);
    assert.equal(read(), 0);
    begin.resolve();
    assert.equal((await client.response()).body, "1000000");
    assert.equal(client.server.paused, false);
  });

  test("that a handler takes slowly never piles up", async () => {
    let most = 0;
    let taken = 0;
    const client = testServer(async (request) => {
      for await (const chunk of request.chunks()) {
        taken += chunk.length;
        await turns(2);
        most = Math.max(most, 1_000_000 - taken - client.unsent);
      }
      return new Response("done");
    }).connect();
    client.send(post("Content-Length: 1000000"), Buffer.alloc(1_000_000));
    assert.equal((await client.response()).body, "done");
    assert.ok(most <= 192 * 1024, `${most} octets were taken from the client ahead of the handler`);
  });

  test("that nobody reads is drained when it is small, and the connection goes on", async () => {
    const client = testServer(() => new Response("early")).connect();
    client.send(`${post("Content-Length: 1000")}${"x".repeat(400)}`);
    const early = await client.response();
    assert.deepEqual([early.body, early.field("connection")], ["early", undefined]);
    await client.sendApart("x".repeat(500), `${"x".repeat(100)}${post("Content-Length: 0")}`);
    assert.equal((await client.response()).body, "early");
    await client.wantSilence();
  });

  test("that nobody reads closes the connection when more than 64 KiB are to come", async () => {
    const client = testServer(() => new Response("early")).connect();
    client.send(post(`Content-Length: ${64 * 1024 + 1}`));
    const early = await client.response();
    assert.deepEqual([early.body, early.field("connection")], ["early", "close"]);
    await client.wantEnd();
  });

  test("that nobody reads and whose length is not known closes the connection", async () => {
    const client = testServer(() => new Response("early")).connect();
    client.send(`${post("Transfer-Encoding: chunked")}5\r\nhello\r\n`);
    assert.equal((await client.response()).field("connection"), "close");
    await client.wantEnd();
  });

  test("that has come whole costs nothing, read or not", async () => {
    const client = testServer(() => new Response("early")).connect();
    client.send(`${post("Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\n\r\n${post("Content-Length: 2")}hi`);
    assert.equal((await client.response()).field("connection"), undefined);
    assert.equal((await client.response()).field("connection"), undefined);
    await client.wantSilence();
  });

  test("left in the middle by its reader is dropped", async () => {
    const client = testServer(async (request) => {
      for await (const chunk of request.chunks()) return new Response(`first ${chunk.length}`);
      return new Response("none");
    }).connect();
    client.send(`${post("Content-Length: 1000")}${"x".repeat(10)}`);
    assert.equal((await client.response()).body, "first 10");
    client.send("x".repeat(990), post("Content-Length: 1"), "y");
    assert.equal((await client.response()).body, "first 1");
  });

  test("that is broken after the answer has begun cuts the connection when the answer depends on it", async () => {
    const client = testServer((request) => new Response(request.body)).connect();
    client.send(`${post("Transfer-Encoding: chunked")}5\r\nhello\r\n`);
    await client.want("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    client.send("nonsense");
    await client.wantReset();
  });

  test("that is broken fails the handler's reading with 400, and the connection is closed", async () => {
    let status = 0;
    const client = testServer(async (request) => {
      try {
        return await echo(request);
      } catch (error) {
        ({ status } = error as { status: number });
        return new Response("broken", { status: 400 });
      }
    }).connect();
    await client.sendApart(`${post("Transfer-Encoding: chunked")}5\r\nhello\r\n`, "xyz");
    const response = await client.response();
    assert.deepEqual([status, response.body, response.field("connection")], [400, "broken", "close"]);
    await client.wantEnd();
  });

  test("can be streamed back while it comes", async () => {
    const client = testServer((request) => new Response(request.chunks())).connect();
    client.send(`${post("Content-Length: 10")}hello`);
    await client.want("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
    client.send("world");
    await client.want("world");
    await client.wantSilence();
  });

  test("that ends before its reader looks is there all the same", async () => {
    const begin = deferred();
    const client = testServer(async (request) => {
      await begin.promise;
      return echo(request);
    }).connect();
    await client.sendApart(post("Content-Length: 6"), "abc", "def");
    begin.resolve();
    assert.equal((await client.response()).body, "abcdef");
  });
});
