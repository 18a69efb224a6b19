import assert from "node:assert/strict";
import { test } from "node:test";
import { arc, events, files, host, HttpError, type LogLevel } from "../../src/index.ts";
import { FakeReactor, testServer } from "../../src/testing.ts";

const app = arc()
  .get("/", () => "hello")
  .get("/users/:id", ({ params, query }) => ({ id: params.id, sort: query.get("sort") ?? null }))
  .post("/echo", async (request) => ({
    type: request.headers.get("content-type"),
    text: await request.text(),
  }))
  .get("/who", ({ remoteAddress, secure, host: authority }) => ({ remoteAddress, secure, authority }))
  .get("/teapot", () => {
    throw new HttpError(418, "short and stout");
  })
  .get("/broken", () => {
    throw new Error("a secret");
  });

test("Arc Reactor FakeReactor: method, path, headers and body go in, a response comes out", async () => {
  const reactor = new FakeReactor(app);
  const response = await reactor.get("/users/7?sort=name");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.deepEqual(await response.json(), { id: "7", sort: "name" });
  const echoed = await reactor.request({
    method: "POST",
    path: "/echo",
    headers: { "content-type": "text/x-own" },
    body: "some text",
  });
  assert.deepEqual(await echoed.json(), { type: "text/x-own", text: "some text" });
  const json = await reactor.request({ method: "POST", path: "/echo", json: { a: 1 } });
  assert.deepEqual(await json.json(), { type: "application/json", text: '{"a":1}' });
});

test("Arc Reactor FakeReactor: the whole server answers, routing, 405, HEAD and error pages included", async () => {
  const reactor = new FakeReactor(app);
  const head = await reactor.head("/");
  assert.deepEqual([head.status, await head.text(), head.headers.get("content-length")], [200, "", "5"]);
  const refused = await reactor.delete("/");
  assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
  assert.equal((await reactor.get("/nothing")).status, 404);
  assert.equal((await reactor.get("/teapot")).status, 418);
  const broken = await reactor.get("/broken");
  assert.equal(broken.status, 500);
  assert.doesNotMatch(await broken.text(), /secret/);
  assert.equal((await reactor.get("/..%2fetc/passwd")).status, 400);
});

test("Arc Reactor FakeReactor: hosts, extensions and trusted facts of the connection are there", async () => {
  const site = host("example.com").get("/", () => "example");
  const reactor = new FakeReactor({
    hosts: [site],
    extensions: [{ name: "mark", package: (response) => response.headers.set("x-mark", "1") }],
  });
  const response = await reactor.get("/", { host: "EXAMPLE.com:8080" });
  assert.deepEqual([await response.text(), response.headers.get("x-mark")], ["example", "1"]);
  const stranger = await reactor.get("/", { headers: { host: "other.org" } });
  assert.deepEqual([stranger.status, stranger.headers.get("x-mark")], [421, "1"]);
  const who = await new FakeReactor(app).get("/who", { remoteAddress: "192.0.2.7", secure: true });
  assert.deepEqual(await who.json(), { remoteAddress: "192.0.2.7", secure: true, authority: "localhost" });
});

test("FakeReactor answers as a socket does", async () => {
  const options = {
    app: arc()
      .mount("/", app)
      .mount("/files", files(import.meta.dirname, { listing: true })),
  };
  const reactor = new FakeReactor(options);
  await using server = await testServer(options);
  const requests: [string, string, Record<string, string>][] = [
    ["GET", "/", {}],
    ["HEAD", "/users/7", {}],
    ["GET", "/nothing", { accept: "text/html" }],
    ["POST", "/users/7", {}],
    ["OPTIONS", "/users/7", {}],
    ["GET", "/users/7/", {}],
    ["GET", "/files/fake-reactor.test.ts", { range: "bytes=0-9" }],
    ["GET", "/files/fake-reactor.test.ts", { range: "bytes=9999999-" }],
    ["GET", "/files/", { accept: "application/json" }],
    ["GET", "/broken", {}],
  ];
  for (const [method, path, headers] of requests) {
    const near = await reactor.request({ method, path, headers: { host: new URL(server.url).host, ...headers } });
    const far = await server.fetch(path, { method, headers, redirect: "manual" });
    const name = `${method} ${path}`;
    assert.equal(near.status, far.status, name);
    const fields = (from: Iterable<readonly [string, string]>): string[] =>
      [...from]
        .filter(([field]) => !["date", "connection", "keep-alive"].includes(field))
        .map((pair) => pair.join(": "));
    assert.deepEqual(fields(near.headers), fields(far.headers), name);
    assert.ok(near.headers.has("date"));
    assert.equal(await near.text(), await far.text(), name);
  }
});

test("FakeReactor runs what onEnd queued when the content has been read", async () => {
  const steps: string[] = [];
  const reactor = new FakeReactor(
    arc()
      .get("/stream", (request) => {
        request.onEnd(() => void steps.push("stream over"));
        return events(
          (async function* () {
            yield "one";
            steps.push("one given");
            yield "two";
          })(),
        );
      })
      .get("/text", (request) => {
        request.onEnd(() => void steps.push("text over"));
        return "text";
      }),
  );
  const response = await reactor.get("/stream");
  assert.deepEqual(steps, []);
  assert.equal(await response.text(), "data: one\n\ndata: two\n\n");
  assert.deepEqual(steps.splice(0), ["one given", "stream over"]);
  const cancelled = await reactor.get("/stream");
  const reader = cancelled.body!.getReader();
  await reader.read();
  await reader.cancel();
  assert.equal(steps.at(-1), "stream over");
  await reactor.get("/text");
  assert.equal(steps.at(-1), "text over");
});

test("FakeReactor keeps the server's limits of content", async () => {
  const reactor = new FakeReactor({ app, limits: { buffered: 10 } });
  assert.equal((await reactor.post("/echo", "0123456789")).status, 200);
  assert.equal((await reactor.post("/echo", "0123456789a")).status, 413);
});

test("FakeReactor reports internal errors to the log of its options", async () => {
  const entries: [LogLevel, string][] = [];
  const reactor = new FakeReactor({ app, log: { write: (level, message) => entries.push([level, message]) } });
  await reactor.get("/broken");
  assert.deepEqual(entries, [["error", "a secret"]]);
});

test("A test server listens on a port of its own and is gone after its block", async () => {
  let url = "";
  {
    await using server = await testServer(app);
    await using second = await testServer({ app: () => "second" });
    url = server.url;
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.notEqual(url, second.url);
    assert.equal(await (await server.fetch("/")).text(), "hello");
    assert.equal(await (await second.fetch("/any")).text(), "second");
  }
  await assert.rejects(fetch(url));
});
