import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, request as ask, type IncomingMessage } from "node:http";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { proxy, type ProxyOptions } from "../../../src/extensions/proxy/proxy.ts";
import { Headers } from "../../../src/http/headers.ts";
import type { Handler } from "../../../src/http/handler.ts";
import type { Response } from "../../../src/http/response.ts";
import { WebServer } from "../../../src/server/web-server.ts";
import { FakeReactor } from "../../../src/testing.ts";
import { origin, rawOrigin } from "./origin.ts";

/** What comes through a proxy of an upstream that answers with these octets. */
async function through(octets: string, request = {}): Promise<Response> {
  const { url } = await rawOrigin((_, socket) => socket.end(Buffer.from(octets, "latin1")));
  return new FakeReactor(proxy(url)).request(request);
}

function serve(handler: Handler): Promise<WebServer> {
  return new WebServer({ app: handler, listen: "127.0.0.1:0", log: "off", cache: false }).start();
}

function linesOf(response: Response): string[] {
  const lines = Headers.lines(response.headers);
  return Array.from({ length: lines.length / 2 }, (_, at) => `${lines[at * 2]}: ${lines[at * 2 + 1]}`);
}

describe("A proxied response", () => {
  test("keeps status, phrase, and the lines of its fields apart and in their order", async () => {
    const response = await through(
      "HTTP/1.1 299 Fine\r\nSet-Cookie: a=1\r\nX: 1\r\nSet-Cookie: b=2\r\nX: caf\xe9\r\nContent-Length: 2\r\n\r\nok",
    );
    assert.deepEqual([response.status, response.statusText, await response.text()], [299, "Fine", "ok"]);
    const lines = linesOf(response).filter((line) => /^(?:set-cookie|x):/.test(line));
    assert.deepEqual(lines, ["set-cookie: a=1", "x: 1", "set-cookie: b=2", "x: caf\u00e9"]);
  });

  test("keeps its Date and its Age", async () => {
    const date = "Thu, 01 Jan 1970 00:00:00 GMT";
    const response = await through(`HTTP/1.1 200 OK\r\nDate: ${date}\r\nAge: 7\r\nContent-Length: 0\r\n\r\n`);
    assert.deepEqual([response.headers.get("date"), response.headers.get("age")], [date, "7"]);
  });

  test("loses the fields of the connection and those that Connection names, but not what frames it", async () => {
    const response = await through(
      "HTTP/1.1 200 OK\r\nConnection: a, content-length, close\r\nA: 1\r\nB: 2\r\nKeep-Alive: timeout=9\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok",
    );
    const names = [...response.headers.keys()];
    assert.deepEqual(
      names.filter((name) => ["a", "connection", "keep-alive", "upgrade"].includes(name)),
      [],
    );
    assert.equal(response.headers.get("b"), "2");
    assert.equal(response.headers.get("content-length"), "2");
  });

  test("names this server in Via", async () => {
    assert.equal(
      (await through("HTTP/1.1 204 No Content\r\nVia: 1.1 a\r\n\r\n")).headers.get("via"),
      "1.1 a, 1.1 millrace",
    );
  });

  test("is for the cache to judge by its fields", async () => {
    const { url } = await origin((_, outgoing) => outgoing.end("x"));
    const direct = await proxy(url)(new (await import("../../../src/http/request.ts")).Request("http://a/"));
    assert.equal(direct.serverCache, "standard");
  });

  test("keeps the coding of its content", async () => {
    const coded = gzipSync("text");
    const { url } = await origin((_, outgoing) => outgoing.writeHead(200, { "content-encoding": "gzip" }).end(coded));
    const response = await new FakeReactor(proxy(url)).request();
    assert.deepEqual(Buffer.from(await response.bytes()), coded);
  });

  test("is 304 where the upstream says so", async () => {
    const { url } = await origin(({ headers }, outgoing) => {
      outgoing.writeHead(headers["if-none-match"] === '"1"' ? 304 : 200, { etag: '"1"' }).end();
    });
    const response = await new FakeReactor(proxy(url)).request({ headers: { "if-none-match": '"1"' } });
    assert.deepEqual([response.status, response.headers.get("etag")], [304, '"1"']);
  });

  test("to HEAD tells the length that GET would have", async () => {
    const { url } = await origin((_, outgoing) => outgoing.writeHead(200, { "content-length": 7 }).end());
    await using server = await serve(proxy(url));
    const outgoing = ask(server.url, { method: "HEAD", agent: false }).end();
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    assert.equal(incoming.headers["content-length"], "7");
  });

  test("comes behind its interim responses, with their fields", async () => {
    const { url } = await rawOrigin((_, socket) => {
      socket.write("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX: 1\r\n\r\n");
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    await using server = await serve(proxy(url));
    const outgoing = get(server.url, { agent: false });
    const interim: unknown[] = [];
    outgoing.on("information", ({ statusCode, headers }) => interim.push([statusCode, { ...headers }]));
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    incoming.resume();
    assert.deepEqual(interim, [
      [102, {}],
      [103, { link: "</a>", x: "1" }],
    ]);
  });

  test("has its trailer section when it announces one and the client takes it", async () => {
    const { url } = await rawOrigin((_, socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest\r\n\r\n");
      socket.write("2\r\nok\r\n0\r\nDigest: abc\r\n\r\n");
    });
    await using server = await serve(proxy(url));
    const outgoing = get(server.url, { agent: false, headers: { te: "trailers", connection: "te, close" } });
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    incoming.resume();
    await once(incoming, "end");
    assert.deepEqual({ ...incoming.trailers }, { digest: "abc" });
  });

  test("streams: its first octets are there before its last", async () => {
    const { url } = await origin((_, outgoing) => {
      outgoing.write("first");
      setTimeout(() => outgoing.end("last"), 100);
    });
    await using server = await serve(proxy(url));
    const [incoming] = (await once(get(server.url, { agent: false }), "response")) as [IncomingMessage];
    const [chunk] = (await once(incoming, "data")) as [Buffer];
    assert.equal(String(chunk), "first");
    incoming.destroy();
  });
});

describe("An upstream that", () => {
  /** The status and what the client is told. */
  async function told(url: string, options?: ProxyOptions, request = {}): Promise<[number, string]> {
    const response = await new FakeReactor(proxy(url, options)).request(request);
    return [response.status, ((await response.json()) as { detail: string }).detail];
  }

  test("is not there is 502", async () => {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, "close");
    assert.deepEqual(await told(`http://127.0.0.1:${port}`), [502, "The server behind this one cannot be reached"]);
  });

  test("says nothing is 504", async () => {
    const { url } = await rawOrigin(() => {});
    const result = await told(url, { timeouts: { firstByte: 50 } });
    assert.deepEqual(result, [504, "The server behind this one did not answer in time"]);
  });

  for (const [name, octets] of [
    ["speaks no HTTP", "SSH-2.0-OpenSSH\r\n"],
    ["gives a status that is none", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"],
    ["switches protocols unasked", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
    [
      "frames its content twice",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
    ["has a bare CR in a field", "HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 0\r\n\r\n"],
  ] as const) {
    test(`${name} is 502`, async () => {
      const response = await through(octets);
      assert.equal(response.status, 502, await response.text());
    });
  }

  for (const [name, head] of [
    ["of known length", "Content-Length: 10"],
    ["of unknown length", "Transfer-Encoding: chunked"],
  ] as const) {
    test(`breaks off content ${name} breaks it off to the client`, async () => {
      const { url } = await rawOrigin((_, socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${head.startsWith("T") ? "5\r\nhello\r\n" : "hello"}`);
        setTimeout(() => socket.destroy(), 30);
      });
      await using server = await serve(proxy(url));
      const [incoming] = (await once(get(server.url, { agent: false }), "response")) as [IncomingMessage];
      incoming.resume();
      await assert.rejects(once(incoming, "end"), /aborted/);
    });
  }

  test("stops in the middle of its content breaks it off once the idle limit is over", async () => {
    const { url } = await rawOrigin((_, socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"));
    await using server = await serve(proxy(url, { timeouts: { idle: 50 } }));
    const [incoming] = (await once(get(server.url, { agent: false }), "response")) as [IncomingMessage];
    incoming.resume();
    await assert.rejects(once(incoming, "end"), /aborted/);
  });

  test("is faster than the client is told to wait", async () => {
    let written = 0;
    const { url } = await origin((_, outgoing) => {
      const piece = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (written < 200e6 && outgoing.write(piece)) written += piece.length;
        if (written < 200e6) outgoing.once("drain", more);
      };
      more();
    });
    await using server = await serve(proxy(url));
    const [incoming] = (await once(get(server.url, { agent: false }), "response")) as [IncomingMessage];
    incoming.pause();
    await sleep(300);
    const before = written;
    await sleep(200);
    assert.equal(written, before);
    assert.ok(written < 40e6, `${written} octets for a client that reads none`);
    incoming.destroy();
  });
});

describe("A kept connection that the upstream has closed", () => {
  /** Takes one request a connection, and destroys the connection when the next comes. */
  async function forgetful(): Promise<{ url: string; heads: string[]; reactor: FakeReactor }> {
    const heads: string[] = [];
    const served = new WeakSet<object>();
    const { url } = await rawOrigin((head, socket) => {
      heads.push(head.slice(0, head.indexOf(" ")));
      if (served.has(socket)) return socket.destroy();
      served.add(socket);
      return socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    return { url, heads, reactor: new FakeReactor(proxy(url)) };
  }

  async function status(reactor: FakeReactor, request = {}): Promise<number> {
    const response = await reactor.request(request);
    await response.text();
    // undici takes a connection for free one turn of the event loop after its response.
    await sleep(5);
    return response.status;
  }

  test("costs nothing where the request may be sent again", async () => {
    const { heads, reactor } = await forgetful();
    assert.equal(await status(reactor), 200);
    assert.equal(await status(reactor, { method: "DELETE" }), 200);
    assert.deepEqual(heads, ["GET", "DELETE", "DELETE"]);
  });

  test("is 502 where it may not", async () => {
    const { heads, reactor } = await forgetful();
    assert.equal(await status(reactor), 200);
    assert.equal(await status(reactor, { method: "POST" }), 502);
    assert.equal(await status(reactor), 200);
    assert.equal(await status(reactor, { method: "PUT", body: "x" }), 502);
    assert.deepEqual(heads, ["GET", "POST", "GET", "PUT"]);
  });

  test("is not asked after three seconds", { timeout: 8000 }, async () => {
    let open = 0;
    const { url } = await rawOrigin((_, socket) => {
      open++;
      socket.once("close", () => open--);
      socket.write("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=60\r\nContent-Length: 2\r\n\r\nok");
    });
    assert.equal(await status(new FakeReactor(proxy(url))), 200);
    assert.equal(open, 1);
    await sleep(3800);
    assert.equal(open, 0);
  });

  test("is told from a new connection, on which nothing is tried twice", async () => {
    const heads: string[] = [];
    const { url } = await rawOrigin((head, socket) => {
      heads.push(head);
      socket.end();
    });
    assert.equal(await status(new FakeReactor(proxy(url))), 502);
    assert.equal(heads.length, 1);
  });
});

describe("A client that goes", () => {
  /** A server whose log must stay empty. */
  function quiet(url: string): Promise<WebServer> {
    const log = { write: (level: string, message: string) => assert.fail(`${level}: ${message}`) };
    return new WebServer({ app: proxy(url), listen: "127.0.0.1:0", log }).start();
  }

  for (const [where, octets] of [
    ["before the response", ""],
    ["in the middle of the response", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"],
  ] as const) {
    test(`${where} takes the upstream's part with it, and nobody calls that an error`, async () => {
      const closed = Promise.withResolvers<void>();
      const came = Promise.withResolvers<void>();
      const { url } = await rawOrigin((_, socket) => {
        socket.once("close", () => closed.resolve());
        if (octets === "") came.resolve();
        else socket.write(octets);
      });
      await using server = await quiet(url);
      const outgoing = get(server.url, { agent: false });
      outgoing.on("error", () => {});
      outgoing.on("response", (incoming) => {
        incoming.on("error", () => {});
        came.resolve();
      });
      await came.promise;
      outgoing.destroy();
      await closed.promise;
      await sleep(20);
    });
  }

  test("in the middle of its content leaves no request with the upstream", async () => {
    const closed = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    const { url } = await rawOrigin((_, socket) => {
      came.resolve();
      socket.once("close", () => closed.resolve());
    });
    await using server = await quiet(url);
    const outgoing = ask(server.url, { method: "PUT", headers: { "content-length": 10 }, agent: false });
    outgoing.on("error", () => {});
    outgoing.write("hello");
    await came.promise;
    outgoing.destroy();
    await closed.promise;
    await sleep(20);
  });
});
