import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { describe, test } from "node:test";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { upgrade } from "../../../src/http/upgrade.ts";
import { turns } from "../../support/raw-client.ts";
import { testServer } from "../../support/test-server.ts";

function request(...fields: string[]): string {
  return ["GET / HTTP/1.1", "Host: a", ...fields, "", ""].join("\r\n");
}

const UPGRADE = request("Connection: keep-alive, Upgrade", "Upgrade: echo/1");
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";

function echoing(): Response {
  return upgrade("echo", (stream) => stream.pipe(stream));
}

function saysBye(): Response {
  return upgrade("echo", (stream, draining) => {
    stream.pipe(stream);
    draining.addEventListener("abort", () => stream.unpipe().resume().end("bye"));
  });
}

describe("Upgrade", () => {
  test("tänzer lending the socket: the handler gets the stream after 101 and owns it", async () => {
    const server = testServer(echoing);
    const client = server.connect();
    client.send(UPGRADE);
    await client.want(SWITCHING);
    client.send("anything\r\n\r\n");
    await client.want("anything\r\n\r\n");
    // The server still knows of it, so that it can be ended with the server.
    assert.equal(server.http.sessions, 1);
    client.finish();
    await client.wantEnd();
    await client.wantClosed();
    await turns(5);
    assert.equal(server.http.sessions, 0);
  });

  test("A lent connection ends when the server is aborted", async () => {
    const server = testServer(echoing);
    const client = server.connect();
    client.send(UPGRADE);
    await client.want(SWITCHING);
    server.http.abort();
    await client.wantClosed();
    await turns(5);
    assert.equal(server.http.sessions, 0);
  });

  for (const how of ["close", "leave"] as const) {
    test(`Upgraded connections are told that the server drains, say goodbye and are waited for: ${how}`, async () => {
      const server = testServer(saysBye);
      const client = server.connect();
      client.send(UPGRADE);
      await client.want(SWITCHING);
      client.send("one");
      await client.want("one");
      let isOver = false;
      const over = server.http[how]().then(() => (isOver = true));
      await client.want("bye");
      await client.wantEnd();
      await turns(5);
      assert.equal(isOver, false, "the client may still be reading");
      client.send("late");
      client.finish();
      await over;
      assert.equal(server.http.sessions, 0);
    });
  }

  test("An upgrade that happens while the server drains is told as well, once it listens", async () => {
    const server = testServer(saysBye);
    const client = server.connect();
    void server.http.leave();
    client.send(UPGRADE);
    await client.want(`${SWITCHING}bye`);
    await client.wantEnd();
  });

  test("The end of a client is no draining", async () => {
    let draining: AbortSignal | undefined;
    const client = testServer(() => upgrade("echo", (_, signal) => void (draining = signal))).connect();
    client.send(UPGRADE);
    await client.response();
    client.vanish();
    await turns(5);
    assert.equal(draining?.aborted, false);
  });

  test("A connection that is gone is not waited for, though nobody has read all that came", async () => {
    const server = testServer(() => upgrade("echo", (stream) => void stream.end("bye")));
    const client = server.connect();
    client.send(`${UPGRADE}unread`);
    await client.want(`${SWITCHING}bye`);
    client.finish();
    await client.wantClosed();
    await turns(5);
    assert.equal(server.http.sessions, 0);
    await server.http.leave();
  });

  test("An upgrade that throws ends its connection and is reported", async () => {
    const server = testServer(() =>
      upgrade("echo", () => {
        throw new Error("no room");
      }),
    );
    const client = server.connect();
    client.send(UPGRADE);
    await client.wantClosed();
    assert.deepEqual(
      server.log.map(({ level }) => level),
      ["error"],
    );
  });

  test("The octets behind the request are the first of the new protocol", async () => {
    const client = testServer(echoing).connect();
    client.send(`${UPGRADE}GET /next HTTP/1.1\r\n`);
    client.send("\r\n");
    await client.want(`${SWITCHING}GET /next HTTP/1.1\r\n\r\n`);
  });

  test("The octets behind the request are kept for a handler that decides later", async () => {
    const client = testServer(async () => {
      await turns(5);
      return echoing();
    }).connect();
    client.send(`${UPGRADE}first `);
    await turns(2);
    client.send("second");
    await client.want(`${SWITCHING}first second`);
  });

  test("An answer before it in the same batch leaves first", async () => {
    const client = testServer((incoming) => (incoming.path === "/" ? echoing() : new Response("one"))).connect();
    client.send(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${UPGRADE}x`);
    assert.equal((await client.response()).body, "one");
    await client.want(`${SWITCHING}x`);
  });

  test("Deadlines of HTTP hold no longer", async () => {
    const server = testServer(echoing);
    const client = server.connect();
    client.send(UPGRADE);
    await client.want(SWITCHING);
    await server.pass(600_000);
    client.send("still there");
    await client.want("still there");
  });

  test("Fields of the handler go with 101", async () => {
    const client = testServer(() => upgrade("echo", () => {}, { "x-protocol": "v2" })).connect();
    client.send(UPGRADE);
    const response = await client.response();
    assert.deepEqual([response.status, response.field("x-protocol")], [101, "v2"]);
  });

  test("Work queued for the end of the request runs when the connection is lent", async () => {
    const ended: string[] = [];
    const client = testServer((incoming: Request) => {
      incoming.onEnd(() => void ended.push(incoming.path));
      return upgrade("echo", () => {});
    }).connect();
    client.send(UPGRADE);
    await client.response();
    assert.deepEqual(ended, ["/"]);
  });

  test("A client that is gone destroys the stream", async () => {
    let stream: Duplex | undefined;
    const client = testServer(() => upgrade("echo", (lent) => void (stream = lent))).connect();
    client.send(UPGRADE);
    await client.response();
    client.vanish();
    await turns();
    assert.equal(stream?.destroyed, true);
  });

  for (const [name, sent] of [
    ["did not ask", request()],
    ["asked without the connection option", request("Upgrade: echo")],
    ["asked without the field", request("Connection: upgrade")],
    ["speaks HTTP/1.0", "GET / HTTP/1.0\r\nConnection: upgrade, keep-alive\r\nUpgrade: echo\r\n\r\n"],
  ] as const) {
    test(`A client that ${name} is answered with 426, never with 101`, async () => {
      const client = testServer(echoing).connect();
      client.send(sent);
      const response = await client.response();
      assert.deepEqual([response.status, response.field("upgrade")], [426, "echo"]);
      assert.match(response.field("connection") ?? "", /\bupgrade\b/);
      await client.wantSilence();
    });
  }

  test("A request with content that is still to come is answered with 426", async () => {
    const client = testServer(echoing).connect();
    client.send(request("Connection: upgrade", "Upgrade: echo", "Content-Length: 5"));
    assert.equal((await client.response()).status, 426);
  });

  test("A request that offers an upgrade may be answered as any other", async () => {
    const client = testServer(() => new Response("no")).connect();
    client.send(UPGRADE + UPGRADE);
    assert.equal((await client.response()).body, "no");
    assert.equal((await client.response()).body, "no");
  });
});
