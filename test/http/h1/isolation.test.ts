import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KeptResponse } from "../../../src/http/kept-response.ts";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { isCollected } from "../../support/garbage.ts";
import { turns } from "../../support/raw-client.ts";
import { testServer } from "../../support/test-server.ts";

function request(path: string, ...fields: string[]): string {
  return [`GET ${path} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");
}

describe("Requests of one connection", () => {
  test("Rush request state reuse: nothing of a request shows in the next, also when a handler keeps it", async () => {
    const kept: Request[] = [];
    const client = testServer(async (incoming) => {
      kept.push(incoming);
      Object.assign(incoming.state, { visitor: incoming.path });
      return new Response(`${incoming.headers.get("cookie")} ${await incoming.text()}`);
    }).connect();
    const content =
      "POST /1?q=1 HTTP/1.1\r\nHost: one\r\nCookie: secret\r\nRange: bytes=0-1\r\nContent-Length: 4\r\n\r\nbody";
    await client.sendApart(
      content.slice(0, 30),
      content.slice(30),
      request("/2").slice(0, 20),
      request("/2").slice(20),
    );
    client.send("GET /3 HTTP/1.0\r\n\r\n");
    assert.equal((await client.response()).body, "secret body");
    assert.equal((await client.response()).body, "null ");
    assert.equal((await client.response()).body, "null ");
    const seen = kept.map((one) => ({
      method: one.method,
      target: one.target,
      path: one.path,
      search: one.search,
      host: one.host,
      protocol: one.protocol,
      fields: [...one.headers].length,
      isConditional: one.isConditional,
      state: { ...one.state },
    }));
    const common = { search: "", isConditional: false, method: "GET" };
    assert.deepEqual(seen, [
      {
        ...common,
        method: "POST",
        target: "/1?q=1",
        path: "/1",
        search: "q=1",
        host: "one",
        protocol: "http/1.1",
        fields: 4,
        isConditional: true,
        state: { visitor: "/1" },
      },
      { ...common, target: "/2", path: "/2", host: "a", protocol: "http/1.1", fields: 1, state: { visitor: "/2" } },
      { ...common, target: "/3", path: "/3", host: "", protocol: "http/1.0", fields: 0, state: { visitor: "/3" } },
    ]);
  });

  test("Fields that are read only after the next request came are still their own", async () => {
    const kept: Request[] = [];
    const client = testServer((incoming) => {
      kept.push(incoming);
      return new Response("x");
    }).connect();
    for (const name of ["one", "two"]) await client.sendApart(request(`/${name}`, `X-Name: ${name}`));
    assert.deepEqual(
      kept.map(({ headers }) => headers.get("x-name")),
      ["one", "two"],
    );
  });

  test("Content that is read only after its answer is not there, and nothing of the next request is", async () => {
    let first: Request | undefined;
    const client = testServer((incoming) => {
      first ??= incoming;
      return new Response("x");
    }).connect();
    const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";
    client.send(`${post}secret${post}public`);
    await client.response();
    await client.response();
    await assert.rejects(first!.text(), TypeError);
  });

  test("A request is let go of when its handler has", async () => {
    let held: WeakRef<Request> | undefined;
    const client = testServer((incoming) => {
      held = new WeakRef(incoming);
      return new Response("x");
    }).connect();
    client.send(request("/", "X-Large: yes"));
    await client.response();
    assert.equal(await isCollected(held!), true, "the session still holds its last request");
    client.send(request("/"));
    await client.response();
  });

  test("A method that only begins like another is not taken for it", async () => {
    const client = testServer((incoming) => new Response(incoming.method)).connect();
    const methods = ["GET", "get", "GETX", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "Post", "X"];
    client.send(methods.map((method) => `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
    for (const method of methods) assert.equal((await client.response()).body, method);
  });
});

describe("A kept response", () => {
  const make = (): KeptResponse => new KeptResponse(new Response("hello", { headers: { "x-a": "1", etag: '"e"' } }));

  test("is rendered once and answers every request with a fresh Date", async () => {
    const kept = make();
    const client = testServer(() => kept.again()).connect();
    client.send(request("/"));
    const first = await client.response();
    assert.deepEqual([first.body, first.field("x-a"), first.field("content-length")], ["hello", "1", "5"]);
    const { rendered } = kept;
    assert.notEqual(rendered, undefined);
    client.send(request("/"));
    const second = await client.response();
    assert.deepEqual([second.body, second.field("x-a")], ["hello", "1"]);
    assert.notEqual(second.field("date"), undefined);
    assert.equal(kept.rendered, rendered);
  });

  test("never shows one client what was changed for another", async () => {
    const kept = make();
    const client = testServer((incoming) => {
      const response = kept.again();
      if (incoming.path === "/changed") response.headers.set("set-cookie", "secret=1");
      return response;
    }).connect();
    client.send(request("/") + request("/changed") + request("/"));
    const cookies = [];
    for (let index = 0; index < 3; index++) cookies.push((await client.response()).field("set-cookie"));
    assert.deepEqual(cookies, [undefined, "secret=1", undefined]);
    assert.equal(kept.headers.has("set-cookie"), false);
  });

  test("says close where the connection is closed, and only there", async () => {
    const kept = make();
    const server = testServer(() => kept.again());
    const client = server.connect();
    client.send(request("/") + request("/", "Connection: close"));
    assert.equal((await client.response()).field("connection"), undefined);
    assert.equal((await client.response()).field("connection"), "close");
    const next = server.connect();
    next.send(request("/"));
    assert.equal((await next.response()).field("connection"), undefined);
    const old = server.connect();
    old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert.equal((await old.response()).field("connection"), "keep-alive");
  });

  test("answers HEAD without content", async () => {
    const kept = make();
    const client = testServer(() => kept.again()).connect();
    client.send(request("/").replace("GET", "HEAD") + request("/"));
    assert.equal((await client.response(true)).field("content-length"), "5");
    assert.equal((await client.response()).body, "hello");
  });

  for (const size of [16 * 1024, 16 * 1024 + 1, 200_000]) {
    test(`of ${size} octets is sent whole each time`, async () => {
      const content = Buffer.alloc(size, "é");
      const kept = new KeptResponse(new Response(content));
      const client = testServer(() => kept.again()).connect();
      client.send(request("/").repeat(2));
      for (let index = 0; index < 2; index++) {
        assert.equal((await client.response()).body, content.toString("latin1"));
      }
    });
  }

  test("keeps its status", async () => {
    const kept = new KeptResponse(new Response("gone", { status: 410 }));
    const client = testServer(() => kept.again()).connect();
    client.send(request("/"));
    assert.equal((await client.response()).status, 410);
  });
});

describe("Work between turns", () => {
  test("A handler that answers at once is answered in the turn of its request", async () => {
    const client = testServer(() => new Response("x")).connect();
    client.send(request("/"));
    await turns(1);
    assert.equal(client.server.writes.length, 1);
  });
});
