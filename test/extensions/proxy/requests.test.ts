import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request as ask } from "node:http";
import { describe, test } from "node:test";
import type { FakeRequest } from "../../../src/testing.ts";
import { FakeReactor } from "../../../src/testing.ts";
import { WebServer } from "../../../src/server/web-server.ts";
import { arc } from "../../../src/hosts/arc.ts";
import { proxy, type ProxyOptions } from "../../../src/extensions/proxy/proxy.ts";
import { origin, rawOrigin } from "./origin.ts";

/** What an upstream sees of a request. */
interface Seen {
  readonly method: string;
  readonly target: string;
  readonly lines: readonly string[];
  readonly content: string;
}

/** Sends a request through a proxy and tells what the upstream saw. */
async function seen(request: FakeRequest, options?: ProxyOptions, path = ""): Promise<Seen> {
  const { url } = await origin((incoming, outgoing) => {
    let content = "";
    incoming.on("data", (chunk) => (content += chunk));
    incoming.on("end", () => {
      const { method, url: target, rawHeaders } = incoming;
      const lines = Array.from(
        { length: rawHeaders.length / 2 },
        (_, at) => `${rawHeaders[at * 2]}: ${rawHeaders[at * 2 + 1]}`,
      );
      outgoing.end(JSON.stringify({ method, target, lines, content }));
    });
  });
  const response = await new FakeReactor(proxy(url + path, options)).request(request);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Seen;
}

function field(name: string, { lines }: Seen): string[] {
  return lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
}

describe("A proxied request", () => {
  test("keeps method and target exactly as they were sent", async () => {
    const { method, target } = await seen({ method: "MKCOL", path: "/a%2Db//c/./d;x?q=1&q=%20" });
    assert.deepEqual([method, target], ["MKCOL", "/a%2Db//c/./d;x?q=1&q=%20"]);
  });

  test("has the path of the target before its own", async () => {
    assert.equal((await seen({ path: "/x?y" }, {}, "/base/")).target, "/base/x?y");
    assert.equal((await seen({ path: "/x?y" }, {}, "/base")).target, "/base/x?y");
  });

  test("keeps the lines of a field apart and in their order", async () => {
    const headers = [
      ["a", "1"],
      ["b", "2"],
      ["a", "3"],
    ] as const;
    assert.deepEqual(field("a", await seen({ headers })), ["1", "3"]);
  });

  test("keeps octets above ASCII", async () => {
    assert.deepEqual(field("a", await seen({ headers: { a: "caf\u00e9" } })), ["caf\u00e9"]);
  });

  test("tells the client's Host, or that of the target", async () => {
    assert.deepEqual(field("host", await seen({ host: "example.com" })), ["example.com"]);
    const [host] = field("host", await seen({ host: "example.com" }, { host: "target" }));
    assert.match(host!, /^127\.0\.0\.1:\d+$/);
  });

  test("loses the fields of the connection and those that Connection names", async () => {
    const headers = {
      connection: "close, X-Hop , keep-alive",
      "x-hop": "1",
      "keep-alive": "timeout=5",
      "proxy-connection": "keep-alive",
      te: "trailers",
      upgrade: "websocket",
      "x-end": "2",
    };
    const got = await seen({ headers });
    for (const name of ["x-hop", "keep-alive", "proxy-connection", "te", "upgrade"])
      assert.deepEqual(field(name, got), []);
    assert.deepEqual(field("x-end", got), ["2"]);
    assert.deepEqual(field("connection", got), ["keep-alive"]);
  });

  for (const name of ["Host", "content-length", "Transfer-Encoding", "X-Forwarded-For", "authorization", "Cookie"]) {
    test(`is refused when Connection names ${name}`, async () => {
      const { url } = await origin((_, outgoing) => outgoing.end());
      const headers = { connection: `close, ${name}`, cookie: "a=b" };
      const response = await new FakeReactor(proxy(url)).request({ headers });
      assert.equal(response.status, 400);
    });
  }

  test("tells of the client by what its connection says, never by what it says itself", async () => {
    const headers = {
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-host": "evil",
      "x-forwarded-proto": "https",
      "x-forwarded-port": "1",
      "x-real-ip": "6.6.6.6",
      forwarded: "for=6.6.6.6",
    };
    const got = await seen({ headers, host: "example.com:81", remoteAddress: "192.0.2.7" });
    assert.deepEqual(field("x-forwarded-for", got), ["192.0.2.7"]);
    assert.deepEqual(field("x-forwarded-host", got), ["example.com:81"]);
    assert.deepEqual(field("x-forwarded-proto", got), ["http"]);
    assert.deepEqual(field("forwarded", got), [`for=192.0.2.7;host="example.com:81";proto=http`]);
    assert.deepEqual([...field("x-real-ip", got), ...field("x-forwarded-port", got)], []);
  });

  test("tells an IPv6 client in quotes and brackets, and an encrypted connection", async () => {
    const got = await seen({ remoteAddress: "2001:db8::1", secure: true, host: "h" });
    assert.deepEqual(field("forwarded", got), [`for="[2001:db8::1]";host=h;proto=https`]);
    assert.deepEqual(field("x-forwarded-proto", got), ["https"]);
  });

  test("loses Proxy, names with underscores and x-internal-*", async () => {
    const got = await seen({
      headers: { proxy: "http://evil", x_forwarded_for: "6.6.6.6", "x-internal-user": "root" },
    });
    assert.doesNotMatch(got.lines.join("\n"), /evil|6\.6\.6\.6|root/);
  });

  test("names this server in Via, behind those before", async () => {
    assert.deepEqual(field("via", await seen({ headers: { via: "1.0 fred" } })), ["1.0 fred", "1.1 millrace"]);
  });

  test("has its content as it came", async () => {
    const got = await seen({ method: "POST", body: "text" });
    assert.deepEqual([got.content, field("content-length", got)], ["text", ["4"]]);
  });

  test("is counted down where Max-Forwards is counted, and answered here at zero", async () => {
    assert.deepEqual(field("max-forwards", await seen({ method: "OPTIONS", headers: { "max-forwards": "2" } })), ["1"]);
    const { url } = await origin((_, outgoing) => outgoing.end("upstream"));
    const reactor = new FakeReactor(proxy(url));
    const own = await reactor.request({ method: "OPTIONS", headers: { "max-forwards": "0" } });
    assert.equal(own.status, 204);
    const get = await reactor.request({ headers: { "max-forwards": "0" } });
    assert.equal(await get.text(), "upstream", "RFC 9110 §7.6.2: only TRACE and OPTIONS count");
  });

  test("is refused when it is CONNECT", async () => {
    const response = await new FakeReactor(proxy("http://127.0.0.1:1")).request({ method: "CONNECT" });
    assert.equal(response.status, 405);
    assert.match(response.headers.get("allow")!, /GET/);
  });
});

describe("Through sockets, a proxy", () => {
  test("streams content both ways, chunked and of known length, with the same octets", async () => {
    const { url } = await origin((incoming, outgoing) => {
      const length = incoming.headers["content-length"];
      if (length !== undefined) outgoing.setHeader("content-length", length);
      incoming.pipe(outgoing);
    });
    await using server = await new WebServer({
      app: proxy(url),
      listen: "127.0.0.1:0",
      log: "off",
      cache: false,
    }).start();
    const content = Buffer.alloc(3_000_000, "0123456789abcdef!");
    for (const known of [true, false]) {
      const outgoing = ask(server.url, { method: "PUT", agent: false });
      if (known) outgoing.setHeader("content-length", content.length);
      for (let at = 0; at < content.length; at += 100_000) outgoing.write(content.subarray(at, at + 100_000));
      outgoing.end();
      const [incoming] = (await once(outgoing, "response")) as [AsyncIterable<Buffer> & { headers: object }];
      const hash = createHash("sha256");
      for await (const chunk of incoming) hash.update(chunk);
      assert.equal(hash.digest("hex"), createHash("sha256").update(content).digest("hex"), `known: ${known}`);
      assert.equal("content-length" in incoming.headers, known);
    }
  });

  test("answers OPTIONS * itself", async () => {
    const { url } = await origin((_, outgoing) => outgoing.end());
    await using server = await new WebServer({ app: proxy(url), listen: "127.0.0.1:0", log: "off" }).start();
    const outgoing = ask(server.url, { method: "OPTIONS", path: "*", agent: false }).end();
    const [incoming] = (await once(outgoing, "response")) as [{ statusCode: number; resume(): void }];
    incoming.resume();
    assert.equal(incoming.statusCode, 204);
  });

  test("gives a client that waits for 100 its 100 and the upstream no expectation", async () => {
    const heads: string[] = [];
    const { url } = await rawOrigin((head, socket) => {
      heads.push(head);
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    await using server = await new WebServer({ app: proxy(url), listen: "127.0.0.1:0", log: "off" }).start();
    const outgoing = ask(server.url, {
      method: "PUT",
      headers: { expect: "100-continue", "content-length": 1 },
      agent: false,
    });
    outgoing.flushHeaders();
    await once(outgoing, "continue");
    outgoing.end("x");
    const [incoming] = (await once(outgoing, "response")) as [{ statusCode: number; resume(): void }];
    incoming.resume();
    assert.equal(incoming.statusCode, 200);
    assert.doesNotMatch(heads.join(""), /expect/i);
  });
});

test("A proxy's target is an http or https URL without query and user", () => {
  for (const target of ["ftp://a", "http://a/?q", "http://u:p@a/", "nothing", "http://a/#f"]) {
    assert.throws(() => proxy(target), TypeError, target);
  }
});

test("A proxy that is mounted gets every method, and the prefix stays in the target", async () => {
  const { url } = await origin(({ method, url: target }, outgoing) => outgoing.end(`${method} ${target}`));
  const reactor = new FakeReactor(
    arc()
      .get("/own", () => "own")
      .mount("/up", proxy(url)),
  );
  for (const method of ["GET", "PUT", "DELETE", "PROPFIND"]) {
    assert.equal(await (await reactor.request({ method, path: "/up/a%2Cb?c" })).text(), `${method} /up/a%2Cb?c`);
  }
  assert.equal(await (await reactor.get("/own")).text(), "own");
});
