import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Body } from "../../src/http/body.ts";
import { type Channel, NO_CHANNEL } from "../../src/http/channel.ts";
import type { Content } from "../../src/http/content.ts";
import { joinFetchStandard } from "../../src/http/fetch-standard.ts";
import { Headers } from "../../src/http/headers.ts";
import type { HttpError } from "../../src/http/http-error.ts";
import { native } from "../../src/http/native.ts";
import { Request } from "../../src/http/request.ts";

joinFetchStandard();

interface Made {
  channel?: Channel;
  method?: string;
  target?: string;
  path?: string;
  search?: string;
  host?: string;
  fields?: string;
  content?: Content;
}

/** A request as a session makes it. */
function made({ channel = NO_CHANNEL, method = "GET", target = "/", path = "/", ...rest }: Made = {}): Request {
  const { search = "", host = "example.com", fields = "", content = null } = rest;
  return Request.make(channel, method, target, path, search, host, fields, content, false);
}

function bodyOf(...chunks: string[]): Body {
  const body = new Body(undefined, -1);
  for (const chunk of chunks) body.push(Buffer.from(chunk));
  body.end(new Headers({ "x-sum": "1" }));
  return body;
}

const small: Channel = { ...NO_CHANNEL, bufferedLimit: 5 };

describe("A request of a session", () => {
  test("knows what came on the wire", () => {
    const request = made({
      method: "PUT",
      target: "/a%20b?q=1&q=2",
      path: "/a b",
      search: "q=1&q=2",
      fields: "Host: example.com\r\nX-A: 1\r\n",
    });
    assert.equal(request.method, "PUT");
    assert.equal(request.target, "/a%20b?q=1&q=2");
    assert.equal(request.path, "/a b");
    assert.equal(request.search, "q=1&q=2");
    assert.deepEqual(request.query.getAll("q"), ["1", "2"]);
    assert.equal(request.host, "example.com");
    assert.equal(request.headers.get("x-a"), "1");
    assert.equal(request.headers, request.headers);
    assert.equal(request.protocol, "http/1.1");
    assert.equal(request.secure, false);
  });

  const urls: [made: Made, url: string][] = [
    [{}, "http://example.com/"],
    [{ target: "/a?b", path: "/a", search: "b" }, "http://example.com/a?b"],
    [{ target: "/a%20b", path: "/a b" }, "http://example.com/a%20b"],
    [{ target: "/a/../b", path: "/b" }, "http://example.com/b"],
    [{ target: '/a"b', path: '/a"b' }, "http://example.com/a%22b"],
    [{ target: "/a?'", path: "/a", search: "'" }, "http://example.com/a?%27"],
    [{ target: "*", path: "*" }, "http://example.com"],
    [{ host: "" }, "http://localhost/"],
    [{ channel: { ...NO_CHANNEL, peer: { ...NO_CHANNEL.peer, secure: true } } }, "https://example.com/"],
  ];
  for (const [init, url] of urls) {
    test(`has the URL ${url} of ${init.target ?? "/"}`, () => {
      assert.equal(made(init).url, url);
      if (init.target !== "*") assert.equal(new URL(made(init).url).href, url);
    });
  }

  test("is a Request of the platform too", () => {
    assert.ok(made() instanceof globalThis.Request);
    assert.ok(made().headers instanceof globalThis.Headers);
    assert.equal(Object.prototype.toString.call(made()), "[object Request]");
  });

  test("makes neither headers nor signal before they are asked for, and each of them once", () => {
    const request = made();
    assert.equal(request.signal, request.signal);
    assert.equal(request.signal.aborted, false);
  });

  test("gives its content once, in any form", async () => {
    const forms: [(request: Request) => Promise<unknown>, unknown][] = [
      [(request) => request.text(), '{"a":"é"}'],
      [(request) => request.json(), { a: "é" }],
      [async (request) => Buffer.from(await request.bytes()).toString(), '{"a":"é"}'],
      [async (request) => Buffer.from(await request.arrayBuffer()).toString(), '{"a":"é"}'],
      [async (request) => (await request.blob()).text(), '{"a":"é"}'],
      [async (request) => Buffer.concat(await Array.fromAsync(request.chunks())).toString(), '{"a":"é"}'],
      [async (request) => Buffer.concat(await Array.fromAsync(request.body!)).toString(), '{"a":"é"}'],
    ];
    for (const [read, expected] of forms) {
      const request = made({ content: bodyOf('{"a":', '"é"}') });
      assert.equal(request.bodyUsed, false);
      assert.deepEqual(await read(request), expected);
      assert.equal(request.bodyUsed, true);
      await assert.rejects(request.text(), TypeError);
    }
  });

  test("without content has none, as often as one asks", async () => {
    const request = made();
    assert.equal(request.body, null);
    assert.equal(await request.text(), "");
    assert.equal((await request.bytes()).length, 0);
    assert.deepEqual(await Array.fromAsync(request.chunks()), []);
    assert.equal(request.bodyUsed, false);
    assert.equal(await request.trailers, undefined);
  });

  test("buffers up to the server's limit and no further", async () => {
    assert.equal(await made({ channel: small, content: bodyOf("12", "345") }).text(), "12345");
    for (const content of [bodyOf("123", "456"), bodyOf("123456")]) {
      await assert.rejects(made({ channel: small, content }).bytes(), { status: 413 });
    }
    const announced = new Body(undefined, 6);
    await assert.rejects(made({ channel: small, content: announced }).json(), { status: 413 });
  });

  test("that is not the JSON it should be is 400", async () => {
    await assert.rejects(made({ content: bodyOf("{a}") }).json(), (error: HttpError) => error.status === 400);
    await assert.rejects(made({ content: bodyOf("") }).json(), { status: 400 });
  });

  test("takes a byte order mark off its text", async () => {
    assert.equal(await made({ content: bodyOf("\ufeffa") }).text(), "a");
    assert.deepEqual(await made({ content: bodyOf("\ufeff{}") }).json(), {});
  });

  test("reads a form of either kind", async () => {
    const fields = "Content-Type: application/x-www-form-urlencoded\r\n";
    const simple = await made({ fields, content: bodyOf("a=1&a=2") }).formData();
    assert.deepEqual(simple.getAll("a"), ["1", "2"]);
    const parts = '--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\nhi\r\n--b--\r\n';
    const multipart = "Content-Type: multipart/form-data; boundary=b\r\n";
    const file = (await made({ fields: multipart, content: bodyOf(parts) }).formData()).get("f") as File;
    assert.deepEqual([file.name, await file.text()], ["x.txt", "hi"]);
    await assert.rejects(made({ content: bodyOf("a=1") }).formData(), { status: 400 });
  });

  test("has its trailers however its content is read", async () => {
    const whole = made({ content: bodyOf("a") });
    await whole.text();
    assert.equal((await whole.trailers)?.get("x-sum"), "1");
    const streamed = made({ content: bodyOf("a") });
    await streamed.body?.cancel();
    assert.equal((await streamed.trailers)?.get("x-sum"), "1");
  });

  test("can be cloned, and both have the content", async () => {
    const request = made({ fields: "X-A: 1\r\n", content: bodyOf("abc") });
    Object.assign(request, { params: { id: "1" } });
    const copy = request.clone();
    copy.headers.set("x-a", "2");
    assert.equal(request.headers.get("x-a"), "1");
    assert.deepEqual(copy.params, { id: "1" });
    assert.deepEqual([await request.text(), await copy.text()], ["abc", "abc"]);
    assert.equal((await copy.trailers)?.get("x-sum"), "1");
    assert.throws(() => request.clone(), TypeError);
  });

  test("whose stream somebody reads counts as used", () => {
    const request = made({ content: bodyOf("abc") });
    const reader = request.body!.getReader();
    assert.equal(request.bodyUsed, true);
    assert.throws(() => request.chunks(), TypeError);
    reader.releaseLock();
  });

  test("can be handed to what wants a Request of the platform", async () => {
    const request = made({ method: "POST", fields: "Content-Type: text/plain\r\n", content: bodyOf("abc") });
    const theirs = new native.Request(request.url, {
      method: request.method,
      headers: [...request.headers],
      body: request.body,
      duplex: "half",
    });
    assert.deepEqual([await theirs.text(), theirs.headers.get("content-type")], ["abc", "text/plain"]);
  });

  test("runs queued work once, reports what fails, and runs late work at once", async () => {
    const request = made();
    const events: unknown[] = [];
    request.onEnd(() => void events.push(1));
    request.onEnd(() => Promise.reject(new Error("failed")));
    request.onEnd(() => void events.push(2));
    Request.end(request, 0, (error) => void events.push((error as Error).message));
    Request.end(request, 0);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(events, [1, "failed", 2]);
    request.onEnd(() => void events.push(3));
    assert.equal(events.at(-1), 3);
  });

  test("aborts its signal with the reason, unless it is over", () => {
    const reason = new DOMException("gone", "AbortError");
    const request = made();
    const { signal } = request;
    Request.abort(request, reason);
    Request.abort(request, new Error("second"));
    assert.equal(signal.reason, reason);
    const late = made();
    Request.abort(late, reason);
    assert.equal(late.signal.reason, reason);
    const over = made();
    Request.end(over, 0);
    Request.abort(over, reason);
    assert.equal(over.signal.aborted, false);
  });
});

describe("new Request", () => {
  test("takes what the Fetch standard says", async () => {
    const request = new Request("https://example.com:8443/a%20b?c=d#e", {
      method: "post",
      headers: { "X-A": "1" },
      body: "héllo",
    });
    assert.equal(request.method, "POST");
    assert.equal(request.url, "https://example.com:8443/a%20b?c=d");
    assert.deepEqual([request.path, request.search, request.host], ["/a b", "c=d", "example.com:8443"]);
    assert.equal(request.secure, true);
    assert.equal(request.headers.get("content-type"), "text/plain; charset=utf-8");
    assert.equal(await request.text(), "héllo");
  });

  test("writes six methods in capitals and leaves the others alone", () => {
    for (const method of ["get", "Head", "post", "put", "delete", "options"]) {
      assert.equal(new Request("http://a/", { method }).method, method.toUpperCase());
    }
    assert.equal(new Request("http://a/", { method: "patch" }).method, "patch");
    assert.equal(new Request("http://a/", { method: "M-SEARCH" }).method, "M-SEARCH");
    for (const method of ["", "a b", "é", "a\r\n"])
      assert.throws(() => new Request("http://a/", { method }), TypeError);
  });

  test("refuses what is no URL", () => {
    for (const url of ["", "/a", "http://"]) assert.throws(() => new Request(url), TypeError);
  });

  test("copies a request, ours or the platform's", async () => {
    const theirs = new native.Request("http://a/b", { method: "PUT", headers: { "x-a": "1" }, body: "abc" });
    const copy = new Request(theirs);
    assert.deepEqual([copy.method, copy.path, copy.headers.get("x-a"), await copy.text()], ["PUT", "/b", "1", "abc"]);
    const ours = new Request(new Request("http://a/b", { method: "PUT", body: "abc" }), { headers: { "x-a": "2" } });
    assert.deepEqual([ours.method, ours.headers.get("x-a"), await ours.text()], ["PUT", "2", "abc"]);
  });

  test("follows a signal", () => {
    const controller = new AbortController();
    const request = new Request("http://a/", { signal: controller.signal });
    const late = new Request("http://a/", { signal: AbortSignal.abort("early") });
    assert.equal(late.signal.reason, "early");
    controller.abort("reason");
    assert.equal(request.signal.reason, "reason");
  });

  test("tells a conditional request", () => {
    assert.equal(new Request("http://a/").isConditional, false);
    for (const name of ["Range", "If-None-Match", "if-range"]) {
      assert.equal(new Request("http://a/", { headers: { [name]: "x" } }).isConditional, true);
    }
  });

  test("has every member of the platform's class", () => {
    const request = new Request("http://a/");
    for (const name of Object.getOwnPropertyNames(native.Request.prototype)) {
      assert.doesNotThrow(() => Reflect.get(request, name), name);
    }
  });
});

describe("A mounted request", () => {
  const outer = (): Request => made({ target: "/api/a?q=1", path: "/api/a", search: "q=1", content: bodyOf("abc") });

  test("shows the rest of the path, and everything else is the whole's", async () => {
    const whole = outer();
    const mounted = Request.under(whole, "/a", "/a?q=1");
    assert.deepEqual([mounted.path, mounted.target, mounted.search], ["/a", "/a?q=1", "q=1"]);
    assert.equal(mounted.signal, whole.signal);
    assert.equal(mounted.state, whole.state);
    assert.equal(await mounted.text(), "abc");
    assert.equal(whole.bodyUsed, true);
    await assert.rejects(whole.text(), TypeError);
  });

  test("ends with the whole", () => {
    const whole = outer();
    const events: string[] = [];
    Request.under(whole, "/a", "/a").onEnd(() => void events.push("end"));
    Request.end(whole, 0);
    assert.deepEqual(events, ["end"]);
  });
});
