import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Hono } from "hono";
import { arc, host, Hosts, type MillraceError, WebServer } from "../../src/index.ts";
import { testServer } from "../../src/testing.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-server-"));
after(() => rmSync(folder, { recursive: true }));

const quiet = { log: "off", listen: "127.0.0.1:0" } as const;

test("Rush WebServer.start(): startup is called before the server listens, shutdown when the last answer is out", async () => {
  const steps: string[] = [];
  const server = new WebServer({
    ...quiet,
    app: async () => {
      await sleep(50);
      steps.push("answer");
      return "done";
    },
    onStartup: async () => {
      await sleep(5);
      steps.push(`startup, ${server.addresses.length} addresses, ${server.state}`);
    },
    onShutdown: () => void steps.push(`shutdown, ${server.state}`),
  });
  assert.equal(server.state, "new");
  await server.start();
  assert.equal(server.state, "listening");
  const answer = fetch(server.url).then((response) => response.text());
  await sleep(20);
  await server.stop();
  assert.equal(await answer, "done");
  assert.deepEqual(steps, ["startup, 0 addresses, starting", "answer", "shutdown, stopping"]);
  assert.equal(server.state, "stopped");
});

test("Rush WebServer.start(): listens on several addresses, unix sockets among them", async () => {
  const path = join(folder, "site.sock");
  const listen = ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }, `unix:${path}`];
  await using server = await new WebServer({ log: "off", listen, app: () => "hello" }).start();
  const [first, second, third] = server.addresses;
  assert.deepEqual(third, { kind: "unix", path });
  for (const address of [first, second]) {
    assert.ok(address?.kind === "tcp");
    assert.equal(await (await fetch(`http://127.0.0.1:${address.port}/`)).text(), "hello");
  }
  const socket = connect(path);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const [octets] = (await once(socket, "data")) as [Buffer];
  assert.match(octets.toString(), /^HTTP\/1\.1 200 OK[^]*hello$/);
  await server.stop();
  assert.equal(existsSync(path), false);
});

test("WebServer leaves no listener behind when one of them fails", async () => {
  await using taken = await testServer(() => "taken");
  const { port } = new URL(taken.url);
  const steps: string[] = [];
  const path = join(folder, "other.sock");
  const server = new WebServer({
    log: "off",
    listen: [`unix:${path}`, `127.0.0.1:${port}`],
    app: () => "hello",
    onStartup: () => void steps.push("startup"),
    onShutdown: () => void steps.push("shutdown"),
  });
  await assert.rejects(server.start(), (error: MillraceError) => {
    assert.equal(error.code, "PORT_IN_USE");
    assert.match(error.message, new RegExp(`Port ${port}`));
    assert.ok(error.hint);
    return true;
  });
  assert.equal(existsSync(path), false);
  assert.deepEqual(steps, ["startup", "shutdown"]);
  assert.deepEqual(server.addresses, []);
});

test("WebServer does not listen when startup fails", async () => {
  const path = join(folder, "never.sock");
  const onStartup = (): void => {
    throw new Error("no database");
  };
  const server = new WebServer({ log: "off", listen: `unix:${path}`, app: () => "hello", onStartup });
  await assert.rejects(server.start(), { message: "no database" });
  assert.equal(existsSync(path), false);
  assert.equal(server.state, "stopped");
  await assert.rejects(server.start(), { code: "ALREADY_STARTED" });
});

test("WebServer tells a keep-alive client with its last answer that it stops", async () => {
  let release = (): void => {};
  const answered = new Promise<void>((resolve) => (release = resolve));
  const server = await new WebServer({ ...quiet, app: () => answered.then(() => "last") }).start();
  const busy = fetch(server.url);
  const idle = connect(Number(new URL(server.url).port), "127.0.0.1");
  await once(idle, "connect");
  await sleep(50);
  const stopped = server.stop();
  // The idle connection is closed at once.
  idle.resume();
  await once(idle, "end");
  idle.end();
  release();
  const response = await busy;
  assert.equal(response.headers.get("connection"), "close");
  assert.equal(await response.text(), "last");
  await stopped;
});

test("WebServer destroys what is not over by the deadline", async () => {
  const server = await new WebServer({ ...quiet, app: () => new Promise<string>(() => {}) }).start();
  const hanging = fetch(server.url);
  await sleep(50);
  const began = performance.now();
  const stopped = server.stop();
  await Promise.all([server.stop({ deadline: 50 }), stopped, assert.rejects(hanging)]);
  assert.ok(performance.now() - began < 5000);
});

test("WebServer answers by host, and by its app for every other name", async () => {
  const site = host("example.com").get("/", () => "site");
  const server = new WebServer({ ...quiet, hosts: [site], app: arc().get("/", () => "any") });
  const asked = async (url: string): Promise<string> => (await server.fetch(new Request(url))).text();
  assert.equal(await asked("http://example.com/"), "site");
  assert.equal(await asked("http://other.org/"), "any");
  const whole = new WebServer({ ...quiet, hosts: new Hosts([host("example.com").get("/", () => "whole")]) });
  assert.equal(await (await whole.fetch(new Request("http://example.com/"))).text(), "whole");
  assert.equal((await whole.fetch(new Request("http://other.org/"))).status, 421);
});

test("WebServer runs an app of the Fetch standard unchanged", async () => {
  const app = new Hono().get("/user/:id", (context) => context.json({ id: context.req.param("id") }));
  await using server = await testServer(app);
  assert.deepEqual(await (await server.fetch("/user/7")).json(), { id: "7" });
  assert.equal((await server.fetch("/nothing")).status, 404);
});

test("WebServer shows errors to clients in development only", async () => {
  const app = (): never => {
    throw new Error("a secret");
  };
  const asked = async (development: boolean): Promise<string> => {
    const response = await new WebServer({ ...quiet, app, development }).fetch(new Request("http://localhost/"));
    assert.equal(response.status, 500);
    return response.text();
  };
  assert.doesNotMatch(await asked(false), /secret/);
  assert.match(await asked(true), /secret/);
});

test("WebServer turns away more connections than it may have", async () => {
  await using server = await testServer({ app: () => "hello", maxConnections: 1 });
  const port = Number(new URL(server.url).port);
  const first = connect(port, "127.0.0.1");
  await once(first, "connect");
  await sleep(50);
  const second = connect(port, "127.0.0.1");
  const [error] = (await Promise.race([once(second, "error"), once(second, "end").then(() => [])])) as [
    NodeJS.ErrnoException?,
  ];
  assert.equal(error?.code, "ECONNRESET");
  first.destroy();
});

test("WebServer believes the PROXY protocol of the proxies that it names", async () => {
  const app = arc().get("/", ({ remoteAddress }) => remoteAddress);
  await using server = await testServer({ app, proxyProtocol: { trusted: ["127.0.0.1"] } });
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write("PROXY TCP4 192.0.2.7 192.0.2.1 5000 80\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const [octets] = (await once(socket, "data")) as [Buffer];
  assert.match(octets.toString(), /\r\n\r\n192\.0\.2\.7$/);
  socket.destroy();
});

test("WebServer keeps the limits and deadlines of its options", async () => {
  const app = arc().post("/", (request) => request.text());
  const options = { app, limits: { buffered: 4, line: 100 }, timeouts: { head: 200 } };
  await using server = await testServer(options);
  assert.equal((await server.fetch("/", { method: "POST", body: "12345" })).status, 413);
  assert.equal((await server.fetch(`/${"x".repeat(200)}`)).status, 414);
  const slow = connect(Number(new URL(server.url).port), "127.0.0.1");
  slow.write("GET / HT");
  const [octets] = (await once(slow, "data")) as [Buffer];
  assert.match(octets.toString(), /^HTTP\/1\.1 408 /);
  slow.destroy();
});

test("WebServer closes every extension once when it stops, those of its hosts too", async () => {
  const closed: string[] = [];
  const extension = (name: string) => ({ name, post() {}, close: () => void closed.push(name) });
  const [both, own] = [extension("both"), extension("own")];
  const site = host("example.com")
    .use(both, own)
    .get("/", () => "site");
  await using server = await new WebServer({ ...quiet, hosts: [site], extensions: [both] }).start();
  await server.stop();
  assert.deepEqual(closed, ["both", "own"]);
});
