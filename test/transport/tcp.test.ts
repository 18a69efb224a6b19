import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { NetConnectOpts, Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { MillraceError } from "../../src/base/errors.ts";
import type { Connection, Listener } from "../../src/transport/connection.ts";
import { listen } from "../../src/transport/tcp.ts";
import type { ListenSettings, ListenWhere } from "../../src/transport/tcp.ts";
import { Recorder } from "./recorder.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-"));
after(() => rmSync(folder, { recursive: true }));

const HAS_IPV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

/** A listener that keeps what it accepts. */
async function listening(where: ListenWhere, settings?: ListenSettings): Promise<Listener & { accepted: Recorder[] }> {
  const accepted: Recorder[] = [];
  const listener = await listen(where, (connection) => accepted.push(new Recorder(connection)), settings);
  return { address: listener.address, close: () => listener.close(), accepted };
}

function portOf({ address }: Listener): number {
  return address.kind === "tcp" ? address.port : assert.fail("no port");
}

async function dial(options: NetConnectOpts): Promise<Socket> {
  const socket = connect(options);
  await once(socket, "connect");
  return socket;
}

/** The connection that is accepted as the `index`th. */
async function accepted(listener: { accepted: Recorder[] }, index = 0): Promise<Recorder> {
  for (;;) {
    const recorder = listener.accepted[index];
    if (recorder !== undefined) return recorder;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Connects, says a word, and returns the connection on the server's side. */
async function accept(listener: Listener & { accepted: Recorder[] }, options: NetConnectOpts): Promise<Connection> {
  const { length } = listener.accepted;
  const socket = await dial(options);
  socket.end("word");
  const recorder = await accepted(listener, length);
  await recorder.untilHeard("end");
  assert.equal(recorder.text, "word");
  recorder.connection.end();
  await recorder.untilHeard("close");
  return recorder.connection;
}

async function failure(where: ListenWhere): Promise<MillraceError> {
  const error: unknown = await listen(where, () => {}).then(
    async (listener) => listener.close(),
    (error: unknown) => error,
  );
  if (error instanceof MillraceError) return error;
  return assert.fail(`no MillraceError: ${String(error)}`);
}

describe("A TCP listener", () => {
  test("tells which port it was given for port 0, on which its connections are", async () => {
    const listener = await listening({ host: "127.0.0.1", port: 0 });
    const port = portOf(listener);
    assert.ok(port > 0);
    assert.deepEqual(listener.address, { kind: "tcp", host: "127.0.0.1", port });
    const connection = await accept(listener, { port, host: "127.0.0.1" });
    assert.equal(connection.localPort, port);
    await listener.close();
  });

  test("tells the client's address and port, also after the connection is closed", async () => {
    const listener = await listening({ host: "127.0.0.1", port: 0 });
    const socket = await dial({ port: portOf(listener), host: "127.0.0.1" });
    const { localPort } = socket;
    const recorder = await accepted(listener);
    assert.equal(recorder.connection.remotePort, localPort);
    assert.equal(recorder.connection.remoteAddress, "127.0.0.1");
    recorder.connection.destroy();
    await recorder.untilHeard("close");
    assert.equal(recorder.connection.remoteAddress, "127.0.0.1");
    await listener.close();
  });

  for (const host of [undefined, "::"]) {
    test(`serves IPv4 and IPv6 when its host is ${host ?? "left out"}`, { skip: !HAS_IPV6 }, async () => {
      for (const client of ["127.0.0.1", "::1"]) {
        const listener = await listening({ host, port: 0 });
        const connection = await accept(listener, { port: portOf(listener), host: client });
        assert.equal(connection.remoteAddress, client, "an IPv4 address is shown as one");
        await listener.close();
      }
    });
  }

  test("serves IPv6 alone when its host is ::1", { skip: !HAS_IPV6 }, async () => {
    const listener = await listening({ host: "::1", port: 0 });
    await assert.rejects(dial({ port: portOf(listener), host: "127.0.0.1" }), { code: "ECONNREFUSED" });
    await listener.close();
  });

  test("frees its port at once when it closes, while its connections live on", async () => {
    const listener = await listening({ host: "127.0.0.1", port: 0 });
    const port = portOf(listener);
    const socket = await dial({ port, host: "127.0.0.1" });
    const recorder = await accepted(listener);
    await listener.close();
    await assert.rejects(dial({ port, host: "127.0.0.1" }), { code: "ECONNREFUSED" });
    const successor = await listening({ host: "127.0.0.1", port });
    socket.end("after");
    await recorder.untilHeard("end");
    assert.equal(recorder.text, "after");
    recorder.connection.end();
    await recorder.untilHeard("close");
    await successor.close();
    await successor.close();
  });

  test("shares its port with another one when both want to", async () => {
    const first = await listening({ host: "127.0.0.1", port: 0 }, { reusePort: true });
    const second = await listening({ host: "127.0.0.1", port: portOf(first) }, { reusePort: true });
    assert.equal((await failure({ host: "127.0.0.1", port: portOf(first) })).code, "PORT_IN_USE");
    await Promise.all([first.close(), second.close()]);
  });
});

describe("A unix listener", () => {
  test("serves at its path with the mode it was given, and leaves nothing behind", async () => {
    const path = join(folder, "mode.sock");
    const listener = await listening({ path, mode: 0o620 });
    assert.equal(statSync(path).mode & 0o777, 0o620);
    assert.deepEqual(listener.address, { kind: "unix", path });
    const connection = await accept(listener, { path });
    assert.deepEqual([connection.remoteAddress, connection.remotePort, connection.localPort], ["", 0, 0]);
    await listener.close();
    assert.equal(existsSync(path), false);
  });

  test("replaces the socket of a server that died", async () => {
    const path = join(folder, "stale.sock");
    const { spawnSync } = await import("node:child_process");
    const source = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ["-e", source]);
    assert.equal(statSync(path).isSocket(), true);
    const listener = await listening({ path });
    await accept(listener, { path });
    await listener.close();
  });

  test("does not take the path of a server that answers", async () => {
    const path = join(folder, "taken.sock");
    const listener = await listening({ path });
    const error = await failure({ path });
    assert.equal(error.code, "PATH_IN_USE");
    assert.match(error.message, /taken\.sock/);
    await accept(listener, { path });
    await listener.close();
  });

  test("does not remove a file that is no socket", async () => {
    const path = join(folder, "precious.txt");
    writeFileSync(path, "precious");
    assert.equal((await failure({ path })).code, "PATH_IN_USE");
    assert.equal(statSync(path).size, 8);
  });
});

describe("A listener that cannot start says what happened and what to do", () => {
  test("when the port is in use", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const error = await failure({ host: "127.0.0.1", port });
    assert.equal(error.code, "PORT_IN_USE");
    assert.equal(error.message, `Port ${port} of 127.0.0.1 is in use.`);
    assert.match(error.hint ?? "", /another port/);
    assert.equal((error.cause as NodeJS.ErrnoException).code, "EADDRINUSE");
    taken.close();
  });

  const table: [sentence: string, where: ListenWhere, code: string, message: RegExp][] = [
    ["the address is another machine's", { host: "192.0.2.1", port: 0 }, "ADDRESS_NOT_AVAILABLE", /192\.0\.2\.1/],
    ["the name does not exist", { host: "no.such.invalid", port: 0 }, "ADDRESS_NOT_AVAILABLE", /no\.such\.invalid/],
    ["the port is none", { port: 65_536 }, "BAD_PORT", /65536/],
    ["the port is a fraction", { port: 80.5 }, "BAD_PORT", /80\.5/],
    ["the path is too long", { path: join(folder, "x".repeat(200)) }, "PATH_TOO_LONG", /octets/],
    ["the folder is missing", { path: join(folder, "no", "x.sock") }, "FOLDER_MISSING", /no does not exist/],
  ];
  for (const [sentence, where, code, message] of table) {
    test(`when ${sentence}`, async () => {
      const error = await failure(where);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok((error.hint ?? "").length > 0);
    });
  }

  test("when the user may not listen there", async () => {
    const { listenError } = await import("../../src/transport/listen-error.ts");
    const denied = Object.assign(new Error("denied"), { code: "EACCES" });
    const low = listenError(denied, { port: 80 });
    assert.deepEqual([low.code, low.message], ["PERMISSION", "This user may not listen on port 80."]);
    assert.match(low.hint ?? "", /from 1024 on/);
    assert.equal(listenError(denied, { path: "/run/x" }).code, "PERMISSION");
    const odd = listenError(Object.assign(new Error("odd"), { code: "EODD" }), { port: 80 });
    assert.deepEqual([odd.code, odd.message], ["LISTEN_FAILED", "odd"]);
  });
});
