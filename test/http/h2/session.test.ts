import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HttpError } from "../../../src/http/http-error.ts";
import { PREFACE } from "../../../src/http/h2/frame.ts";
import { KeptResponse } from "../../../src/http/kept-response.ts";
import { text } from "../../../src/http/make.ts";
import { Request } from "../../../src/http/request.ts";
import { requestScope } from "../../../src/http/request-scope.ts";
import { Response } from "../../../src/http/response.ts";
import { upgrade } from "../../../src/http/upgrade.ts";
import { deferred } from "../../support/deferred.ts";
import { frame, frameServer, GET, POST, settings, uint32 } from "../../support/frame-client.ts";
import { isCollected } from "../../support/garbage.ts";
import { turns } from "../../support/raw-client.ts";

function says(request: Request): Response {
  return new Response(`${request.method} ${request.target} ${request.host} ${request.protocol}`);
}

async function echo(request: Request): Promise<Response> {
  return new Response(await request.bytes());
}

describe("A session of HTTP/2", () => {
  test("begins with the preface, whichever way it is cut, and answers on streams", async () => {
    const server = frameServer(says);
    const whole = Buffer.concat([Buffer.from(PREFACE), frame("settings", 0, 0)]);
    for (const cut of [1, 2, 3, 14, 17, 18, 23, 24, 25, 33]) {
      const client = server.open();
      client.send(whole.subarray(0, cut));
      await turns(4);
      client.send(whole.subarray(cut));
      await client.want("settings");
      client.get(1);
      const { status, body } = await client.response(1);
      assert.deepEqual([status, String(body)], [200, "GET / a.test h2"]);
      client.vanish();
    }
  });

  test("is over when the preface does not end as it began", async () => {
    const client = frameServer(says).open();
    client.send(PREFACE.slice(0, 18));
    await turns();
    client.send("XX\r\n\r\n");
    assert.match((await client.wantGoaway(1)).reason, /begin/);
  });

  test("answers a batch of requests with one write, and HTTP/1.1 goes on beside it", async () => {
    const server = frameServer(says);
    const raw = server.connect();
    const requests = [1, 3, 5, 7, 9].map((stream) => frame("headers", 5, stream, blockOfGet()));
    raw.send(PREFACE, frame("settings", 0, 0));
    await turns();
    const before = raw.server.writes.length;
    raw.send(Buffer.concat(requests));
    await turns();
    assert.equal(raw.server.writes.length, before + 1);
    const old = server.connect();
    old.send("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
    assert.equal((await old.response()).body, "GET / b http/1.1");
  });

  test("is not what a connection begins that speaks neither HTTP: it ends without a word, and bad HTTP/1.1 has 400", async () => {
    const server = frameServer(says);
    const foreign = server.connect();
    foreign.send("INVALID CONNECTION PREFACE\r\n\r\n");
    await turns();
    assert.deepEqual([foreign.received, foreign.ended], [0, true]);
    for (const line of ["GET / PREFACE", "GET a.test:80 PREFACE", "OPTIONS * PREFACE", "GET x httq/1.1", "GET x"]) {
      const client = server.connect();
      client.send(`${line}\r\n\r\n`);
      assert.equal((await client.response()).status, 400, line);
    }
    const later = server.connect();
    later.send("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
    assert.equal((await later.response()).status, 200);
    later.send("INVALID CONNECTION PREFACE\r\n\r\n");
    assert.equal((await later.response()).status, 400);
  });

  test("does not take the preface where HTTP/1.1 was agreed on, or after a request", async () => {
    const server = frameServer(says);
    const client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
    await client.response();
    client.send(PREFACE);
    assert.equal((await client.response()).status, 505);
  });

  test("sends fields as they are, Date and Content-Length among them, and none that belong to a connection", async () => {
    const headers = { "x-a": "1", connection: "close", "keep-alive": "x", "transfer-encoding": "chunked" };
    const server = frameServer(() => new Response("four", { headers }));
    const client = await server.client();
    for (const stream of [1, 3, 5, 7]) {
      client.get(stream);
      const { fields } = await client.response(stream);
      const names = new Set([":status", "content-length", "content-type", "date", "x-a"]);
      assert.deepEqual(new Set(fields.keys()), names);
      assert.equal(fields.get("content-length"), "4");
    }
  });

  test("sends on the Date of who made a response elsewhere, and none of its own", async () => {
    const date = "Thu, 01 Jan 2026 00:00:00 GMT";
    const kept = new KeptResponse(text("kept", { headers: { date } }));
    const server = frameServer((request) =>
      request.path === "/" ? text("made", { headers: { date } }) : kept.again(),
    );
    const client = await server.client();
    for (const [index, path] of ["/", "/kept", "/", "/kept"].entries()) {
      client.get(index * 2 + 1, { ":path": path });
      assert.equal((await client.response(index * 2 + 1)).fields.get("date"), date);
    }
  });

  test("sends a kept response again and again, to several connections, with what each has in its table", async () => {
    const kept = new KeptResponse(text("kept", { headers: { "x-long": "l".repeat(100), etag: '"1"' } }));
    const server = frameServer(() => kept.again());
    const clients = [await server.client(), await server.client([1, 0]), await server.client([1, 80])];
    const sizes: number[][] = [[], [], []];
    for (const stream of [1, 3, 5, 7, 9]) {
      for (const [index, client] of clients.entries()) {
        const before = client.received;
        client.get(stream);
        const { fields, body } = await client.response(stream);
        assert.equal(fields.get("x-long"), "l".repeat(100));
        assert.equal(String(body), "kept");
        sizes[index]!.push(client.received - before);
      }
    }
    // Where there is a table, the long line is in it from the second time on.
    assert.ok(sizes[0]![4]! < sizes[0]![0]! - 50);
    assert.ok(sizes[1]![4]! >= sizes[1]![1]!);
  });

  test("keeps no response that it has sent again and again: what was replaced is gone while the connection lives", async () => {
    const make = (): KeptResponse => new KeptResponse(text("x".repeat(1_000), { headers: { "x-a": "1" } }));
    let kept = make();
    const replaced = new WeakRef(kept);
    const server = frameServer(() => kept.again());
    const client = await server.client();
    for (const stream of [1, 3, 5, 7]) {
      client.get(stream);
      await client.response(stream);
    }
    kept = make();
    client.get(9);
    await client.response(9);
    assert.equal(await isCollected(replaced), true);
    await client.wantAlive();
  });

  test("encodes a response anew when the table has changed since it was remembered", async () => {
    const headers = [{ "x-first": "1".repeat(20) }, { "x-second": "2".repeat(20) }];
    const [first, second] = headers.map((fields) => new KeptResponse(text("kept", { headers: fields })));
    const server = frameServer((request) => (request.path === "/" ? first! : second!).again());
    const client = await server.client();
    for (const [index, path] of ["/", "/", "/", "/", "/2", "/2", "/2", "/", "/", "/2"].entries()) {
      client.get(index * 2 + 1, { ":path": path });
      const { fields } = await client.response(index * 2 + 1);
      assert.equal(fields.get("x-first"), path === "/" ? "1".repeat(20) : undefined);
      assert.equal(fields.get("x-second"), path === "/" ? undefined : "2".repeat(20));
    }
  });

  test("takes content in both directions at once, with trailers", async () => {
    const server = frameServer(async (request) => {
      const body = await request.text();
      const sum = (await request.trailers)?.get("x-sum") ?? "none";
      return new Response([body, sum].join("|"), { trailers: () => ({ "x-sum": "2" }) });
    });
    const client = await server.client();
    client.headers(1, { ...POST, te: "trailers" }, false);
    client.data(1, "con");
    client.data(1, "tent");
    client.headers(1, { "x-sum": "1" }, true);
    const { body } = await client.response(1);
    assert.equal(String(body), "content|1");
  });

  test("joins the crumbs of a cookie, and gives Host to who reads it", async () => {
    const server = frameServer(
      (request) => new Response(`${request.headers.get("cookie")} ${request.headers.get("host")}`),
    );
    const client = await server.client();
    client.headers(1, [...Object.entries(GET), ["cookie", "a=1"], ["x", "y"], ["cookie", "b=2"]], true);
    assert.equal(String((await client.response(1)).body), "a=1; b=2 a.test");
  });

  test("sends 100 when a handler reads what the client holds back, and 103 before the response", async () => {
    const server = frameServer(async (request) => {
      request.earlyHints(["</a>"]);
      return echo(request);
    });
    const client = await server.client();
    client.headers(1, { ...POST, expect: "100-continue" }, false);
    await client.until(() => client.on(1).interim.length === 2);
    assert.deepEqual(client.on(1).interim, [103, 100]);
    client.data(1, "late", true);
    assert.equal(String((await client.response(1)).body), "late");
  });

  test("answers HEAD, 204 and 304 without content", async () => {
    const server = frameServer((request) => {
      if (request.path === "/204") return new Response(null, { status: 204 });
      if (request.path === "/304") return new Response(null, { status: 304, headers: { etag: '"1"' } });
      return new Response("four");
    });
    const client = await server.client();
    client.get(1, { ":method": "HEAD" });
    client.get(3, { ":path": "/204" });
    client.get(5, { ":path": "/304" });
    const [head, none, same] = [await client.response(1), await client.response(3), await client.response(5)];
    assert.deepEqual([head.fields.get("content-length"), head.body.length], ["4", 0]);
    assert.deepEqual([none.status, none.fields.has("content-length"), same.status], [204, false, 304]);
  });

  test("answers an error in a handler with 500, and the others go on", async () => {
    const server = frameServer((request) => {
      if (request.path === "/throw") throw new Error("planted");
      if (request.path === "/404") throw new HttpError(404);
      return says(request);
    });
    const client = await server.client();
    client.get(1, { ":path": "/throw" });
    client.get(3, { ":path": "/404" });
    client.get(5);
    assert.equal((await client.response(1)).status, 500);
    assert.equal((await client.response(3)).status, 404);
    assert.equal((await client.response(5)).status, 200);
  });

  test("resets a stream whose content breaks off, and only it", async () => {
    async function* broken(): AsyncGenerator<string> {
      yield "begun";
      throw new Error("planted");
    }
    const server = frameServer((request) => (request.path === "/broken" ? new Response(broken()) : says(request)));
    const client = await server.client();
    client.get(1, { ":path": "/broken" });
    await client.wantReset(1, 2);
    assert.equal(String(client.on(1).body), "begun");
    client.get(3);
    assert.equal((await client.response(3)).status, 200);
  });

  test("a client that resets is gone for its handler, whose late answer is dropped", async () => {
    const gate = deferred();
    const ends: string[] = [];
    const server = frameServer(async (request) => {
      request.signal.addEventListener("abort", () => ends.push("aborted"));
      request.onEnd(() => void ends.push("ended"));
      await gate.promise;
      return new Response("late");
    });
    const client = await server.client();
    client.get(1);
    await turns();
    client.reset(1);
    await turns();
    assert.deepEqual(ends, ["aborted", "ended"]);
    gate.resolve();
    await client.wantAlive();
    assert.equal(client.on(1).status, 0);
  });

  test("sends no hints to a client that resets, whoever hears of it first", async () => {
    const server = frameServer((request) => {
      request.signal.addEventListener("abort", () => request.earlyHints(["</a.css>; rel=preload"]));
      return deferred<Response>().promise;
    });
    const client = await server.client();
    client.get(1);
    await turns();
    client.reset(1);
    await client.wantAlive();
    assert.deepEqual(client.on(1).interim, []);
  });

  test("counts what was sent, also in place of content that could not begin", async () => {
    const counts: number[] = [];
    const bad: AsyncIterable<string> = {
      [Symbol.asyncIterator]() {
        throw new Error("planted");
      },
    };
    const server = frameServer((request) => {
      request.onEnd(() => void counts.push(Request.sent(request)));
      return new Response(request.path === "/" ? bad : "four");
    });
    const client = await server.client();
    client.get(1);
    const { status, body } = await client.response(1);
    client.get(3, { ":path": "/good" });
    await client.response(3);
    assert.deepEqual([status, counts], [500, [body.length, 4]]);
  });

  test("an answer that does not read the content leaves the connection as it was", async () => {
    const server = frameServer(says);
    const client = await server.client();
    client.headers(1, POST, false);
    assert.equal((await client.response(1)).status, 200);
    client.data(1, "unwanted", true);
    // More than is read and dropped: NO_ERROR says that the rest need not be sent. RFC 9113 §8.1.
    client.headers(3, { ...POST, "content-length": "1000000" }, false);
    assert.equal((await client.response(3)).status, 200);
    await client.wantReset(3, 0);
    client.data(3, "on its way");
    await client.wantAlive();
  });

  test("refuses content above the limit with 413", async () => {
    const server = frameServer(echo, { content: 10 });
    const client = await server.client();
    client.headers(1, { ...POST, "content-length": "11" }, false);
    assert.equal((await client.response(1)).status, 413);
    client.headers(3, POST, false);
    client.data(3, "more than ten");
    assert.equal((await client.response(3)).status, 413);
  });

  test("does as it is told by SETTINGS: windows of open streams change with it", async () => {
    const server = frameServer(() => new Response("x".repeat(100)));
    const client = await server.client([4, 10]);
    client.get(1);
    await client.until(() => client.on(1).body.length === 10);
    client.send(frame("settings", 0, 0, settings([4, 30])));
    await client.until(() => client.on(1).body.length === 30);
    client.widen(1, 70);
    assert.equal((await client.response(1)).body.length, 100);
  });

  test("sends the connection's window and no more, shared by its streams", async () => {
    const server = frameServer(() => new Response(Buffer.alloc(50_000)));
    const client = await server.client([4, 1_000_000]);
    client.get(1);
    client.get(3);
    await turns();
    assert.equal(client.on(1).body.length + client.on(3).body.length, 65_535);
    client.widen(0, 40_000);
    await Promise.all([client.response(1), client.response(3)]);
  });

  test("sends nothing on a stream whose window SETTINGS have taken away while it waited its turn", async () => {
    const server = frameServer(() => new Response(Buffer.alloc(50_000)));
    const client = await server.client([4, 60_000]);
    client.get(1);
    client.get(3);
    await turns();
    const before = client.on(1).body.length + client.on(3).body.length;
    assert.equal(before, 65_535);
    client.send(frame("settings", 0, 0, settings([4, 0])));
    client.widen(0, 100_000);
    await turns();
    assert.equal(client.on(1).body.length + client.on(3).body.length, before);
    await client.wantAlive();
    client.send(frame("settings", 0, 0, settings([4, 60_000])));
    const [first, second] = [await client.response(1), await client.response(3)];
    assert.deepEqual([first.body.length, second.body.length], [50_000, 50_000]);
  });

  test("answers the same block as long as it means the same, and not when the table has changed", async () => {
    const server = frameServer((request) => new Response(request.headers.get("x-a")));
    const client = await server.client();
    const base = Buffer.from([0x82, 0x86, 0x84, 0x01, 1, 0x61]);
    const add = (value: string): Buffer => Buffer.from([0x40, 3, ...Buffer.from("x-a"), 1, ...Buffer.from(value)]);
    const same = Buffer.concat([base, Buffer.from([0xbe])]);
    client.send(frame("headers", 5, 1, Buffer.concat([base, add("1")])));
    for (const stream of [3, 5, 7]) client.send(frame("headers", 5, stream, same));
    client.send(frame("headers", 5, 9, Buffer.concat([base, add("2")])));
    for (const stream of [11, 13]) client.send(frame("headers", 5, stream, same));
    const bodies = [];
    for (const stream of [1, 3, 5, 7, 9, 11, 13]) bodies.push(String((await client.response(stream)).body));
    assert.deepEqual(bodies, ["1", "1", "1", "1", "2", "2", "2"]);
  });

  test("says a table that was made smaller on its way to its size: what was in it is gone. RFC 7541 §4.2", async () => {
    const server = frameServer(() => new Response("x", { headers: { "x-long": "l".repeat(100) } }));
    const client = await server.client();
    const sizes: number[] = [];
    for (const stream of [1, 3, 5, 7]) {
      if (stream === 7) {
        client.send(frame("settings", 0, 0, settings([1, 0], [1, 4096])));
        await client.want("settings");
      }
      const before = client.received;
      client.get(stream);
      assert.equal((await client.response(stream)).fields.get("x-long"), "l".repeat(100));
      sizes.push(client.received - before);
    }
    assert.ok(sizes[3]! > sizes[2]! + 30, String(sizes));
  });

  test("has one scope for what its requests lead to: errors that nobody catches name them", async () => {
    const seen: (string | undefined)[] = [];
    const server = frameServer(async (request) => {
      seen.push(requestScope()?.path);
      await turns(1);
      seen.push(requestScope()?.path);
      return says(request);
    });
    const client = await server.client();
    client.get(1, { ":path": "/named" });
    await client.response(1);
    assert.deepEqual(seen, ["/named", "/named"]);
    assert.equal(requestScope(), undefined);
  });

  test("has room for others when an upgrade is over that left content unread. RFC 8441", async () => {
    const gates: (() => void)[] = [];
    const server = frameServer(() =>
      upgrade("x", (stream) => {
        stream.pause();
        stream.end("bye");
        gates.push(() => void stream.destroy());
      }),
    );
    const client = await server.client();
    for (let stream = 1; stream < 31; stream += 2) {
      client.headers(stream, { ...GET, ":method": "CONNECT", ":protocol": "x" }, false);
      for (let sent = 0; sent < 7; sent++) client.data(stream, Buffer.alloc(16 * 1024), sent === 6);
      await client.until(() => client.on(stream).ended);
      await turns();
      gates.pop()!();
      await turns();
    }
    await client.wantAlive();
    assert.equal(client.ended, false);
  });

  test("ignores what it does not know: frames, settings, flags", async () => {
    const server = frameServer(says);
    const client = await server.client([0x0f, 5]);
    client.send(frame(0x77, 0xff, 3, "what?"), frame("settings", 0x80, 0, settings([0x99, 1])));
    client.send(frame("priority", 0, 9, Buffer.concat([uint32(1), Buffer.from([3])])));
    client.get(1);
    assert.equal((await client.response(1)).status, 200);
  });
});

function blockOfGet(): Buffer {
  return Buffer.from([0x82, 0x86, 0x84, 0x01, 1, 0x61]);
}
