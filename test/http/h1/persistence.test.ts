import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Response } from "../../../src/http/response.ts";
import { deferred } from "../../support/deferred.ts";
import { turns } from "../../support/raw-client.ts";
import { testServer } from "../../support/test-server.ts";

const hello = (): Response => new Response("hello");

function request(version: string, ...fields: string[]): string {
  return [`GET / HTTP/${version}`, "Host: a", ...fields, "", ""].join("\r\n");
}

describe("Persistence", () => {
  const cases: [version: string, connection: string, answered: string | undefined, stays: boolean][] = [
    ["1.1", "", undefined, true],
    ["1.1", "keep-alive", undefined, true],
    ["1.1", "close", "close", false],
    ["1.1", "Close", "close", false],
    ["1.1", "x-unknown , CLOSE,", "close", false],
    ["1.1", "keep-alive, close", "close", false],
    ["1.1", "closed", undefined, true],
    ["1.0", "", "close", false],
    ["1.0", "keep-alive", "keep-alive", true],
    ["1.0", "Keep-Alive", "keep-alive", true],
    ["1.0", "keep-alive, close", "close", false],
    ["1.2", "", undefined, true],
  ];
  for (const [version, connection, answered, stays] of cases) {
    const field = connection === "" ? [] : [`Connection: ${connection}`];
    test(`HTTP/${version} with "${field.join()}" ${stays ? "stays open" : "is closed"}`, async () => {
      const client = testServer(hello).connect();
      client.send(request(version, ...field));
      const response = await client.response();
      assert.equal(response.body, "hello");
      assert.equal(response.field("connection"), answered);
      if (!stays) return client.wantEnd();
      client.send(request(version, ...field));
      assert.equal((await client.response()).body, "hello");
      await client.wantSilence();
    });
  }

  test("Close in a second Connection line counts too", async () => {
    const client = testServer(hello).connect();
    client.send(request("1.1", "Connection: keep-alive", "Connection: close"));
    assert.equal((await client.response()).field("connection"), "close");
    await client.wantEnd();
  });

  test("A handler that says close is obeyed, whatever else it says", async () => {
    const client = testServer(() => new Response("x", { headers: { connection: "x-hop, Close" } })).connect();
    client.send(request("1.1"));
    assert.equal((await client.response()).field("connection"), "close");
    await client.wantEnd();
  });

  test("A handler cannot keep open what the client wants closed", async () => {
    const client = testServer(() => new Response("x", { headers: { connection: "keep-alive" } })).connect();
    client.send(request("1.1", "Connection: close"));
    assert.equal((await client.response()).field("connection"), "close");
    await client.wantEnd();
  });

  test("The last request that a connection may carry is told so", async () => {
    const client = testServer(hello, { requests: 3 }).connect();
    client.send(request("1.1").repeat(5));
    const said = [await client.response(), await client.response(), await client.response()];
    assert.deepEqual(
      said.map((response) => response.field("connection")),
      [undefined, undefined, "close"],
    );
    await client.wantEnd();
  });

  test("A connection that has lived long enough is closed with its next answer", async () => {
    const server = testServer(hello, { lifetime: 60_000 });
    const client = server.connect();
    for (const minute of ["first", "second"]) {
      client.send(request("1.1"));
      assert.equal((await client.response()).field("connection"), undefined, minute);
      await server.pass(29_000);
    }
    await server.pass(5_000);
    client.send(request("1.1"));
    assert.equal((await client.response()).field("connection"), "close");
    await client.wantEnd();
  });

  test("One empty line before a request is passed over", async () => {
    const client = testServer(hello).connect();
    client.send(request("1.1"), `\r\n${request("1.1")}`);
    assert.equal((await client.response()).status, 200);
    assert.equal((await client.response()).status, 200);
    client.send("\r\n");
    await client.wantSilence();
  });

  test("After its last answer the server reads on for a moment and answers nothing more", async () => {
    const server = testServer(hello);
    const client = server.connect();
    client.send(request("1.1", "Connection: close"));
    await client.response();
    await client.wantEnd();
    client.send(request("1.1"));
    await server.pass(1_500);
    assert.equal(client.closed, false);
    client.finish();
    await client.wantClosed();
    assert.equal(server.http.sessions, 0);
  });
});

describe("A client that half-closes", () => {
  test("is answered although it has said goodbye, and then the connection ends", async () => {
    const client = testServer(hello).connect();
    client.send(request("1.1"));
    client.finish();
    assert.equal((await client.response()).body, "hello");
    await client.wantEnd();
  });

  test("waits for an answer that comes late, which says close", async () => {
    const late = deferred<Response>();
    const client = testServer(() => late.promise).connect();
    client.send(request("1.1"));
    client.finish();
    await client.wantSilence();
    late.resolve(new Response("late"));
    const response = await client.response();
    assert.deepEqual([response.body, response.field("connection")], ["late", "close"]);
    await client.wantEnd();
  });

  test("gets all the answers that it asked for", async () => {
    const late = deferred<Response>();
    let asked = 0;
    const client = testServer(() => (++asked === 1 ? late.promise : new Response(String(asked)))).connect();
    client.send(request("1.1").repeat(3));
    client.finish();
    await turns();
    late.resolve(new Response("1"));
    for (const body of ["1", "2", "3"]) assert.equal((await client.response()).body, body);
    await client.wantEnd();
  });

  test("in the middle of a head is told so", async () => {
    const client = testServer(hello).connect();
    client.send("GET / HTTP/1.1\r\nHos");
    client.finish();
    const response = await client.response();
    assert.deepEqual([response.status, response.field("connection")], [400, "close"]);
    await client.wantEnd();
  });

  test("in the middle of content fails the handler's reading, and is told so", async () => {
    const client = testServer(async (incoming) => new Response(await incoming.text())).connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client.finish();
    const response = await client.response();
    assert.deepEqual([response.status, response.field("connection")], [400, "close"]);
    await client.wantEnd();
  });

  test("without a request gets nothing but the end", async () => {
    const client = testServer(hello).connect();
    client.finish();
    await client.wantEnd();
    await client.wantClosed();
  });

  test("gets a streamed answer whole", async () => {
    const client = testServer(
      () =>
        new Response(
          (async function* () {
            for (let piece = 0; piece < 5; piece++) {
              await turns(3);
              yield `${piece}`;
            }
          })(),
        ),
    ).connect();
    client.send(request("1.1"));
    client.finish();
    assert.equal((await client.response()).body, "01234");
    await client.wantEnd();
  });
});

describe("A graceful stop", () => {
  test("closes idle connections at once and resolves when they are gone", async () => {
    const server = testServer(hello);
    const clients = [server.connect(), server.connect()];
    clients[0]?.send(request("1.1"));
    await clients[0]?.response();
    const stopped = server.http.close();
    for (const client of clients) {
      await client.wantEnd();
      client.finish();
    }
    await stopped;
    assert.equal(server.http.sessions, 0);
  });

  test("lets the answer at hand finish, which says close", async () => {
    const late = deferred<Response>();
    const server = testServer(() => late.promise);
    const client = server.connect();
    client.send(request("1.1"));
    await turns();
    const stopped = server.http.close();
    await client.wantSilence();
    late.resolve(new Response("late"));
    const response = await client.response();
    assert.deepEqual([response.body, response.field("connection")], ["late", "close"]);
    await client.wantEnd();
    client.finish();
    await stopped;
  });

  test("ends a connection whose answer was being streamed as soon as it is complete", async () => {
    const more = deferred();
    const server = testServer(
      () =>
        new Response(
          (async function* () {
            yield "one";
            await more.promise;
            yield "two";
          })(),
        ),
    );
    const client = server.connect();
    client.send(request("1.1"));
    await turns();
    const stopped = server.http.close();
    await turns();
    more.resolve();
    assert.equal((await client.response()).body, "onetwo");
    await client.wantEnd();
    client.finish();
    await stopped;
  });

  test("says close with the answer at hand: requests behind it are for another connection", async () => {
    const late = deferred<Response>();
    let asked = 0;
    const server = testServer(() => (++asked === 1 ? late.promise : new Response("second")));
    const client = server.connect();
    client.send(request("1.1").repeat(2));
    await turns();
    const stopped = server.http.close();
    late.resolve(new Response("first"));
    const response = await client.response();
    assert.deepEqual([response.body, response.field("connection")], ["first", "close"]);
    await client.wantEnd();
    client.finish();
    await stopped;
  });

  test("can be asked for twice", async () => {
    const server = testServer(hello);
    const client = server.connect();
    const stopped = Promise.all([server.http.close(), server.http.close()]);
    await client.wantEnd();
    client.finish();
    await stopped;
  });

  test("cut short ends every connection at once", async () => {
    const server = testServer(() => deferred<Response>().promise);
    const clients = [server.connect(), server.connect()];
    for (const client of clients) client.send(request("1.1"));
    await turns();
    server.http.abort();
    for (const client of clients) await client.wantReset();
    assert.equal(server.http.sessions, 0);
  });
});
