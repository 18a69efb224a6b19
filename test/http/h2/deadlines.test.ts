import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PREFACE } from "../../../src/http/h2/frame.ts";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { deferred } from "../../support/deferred.ts";
import { blockOf, frame, frameServer, GET, POST } from "../../support/frame-client.ts";
import { turns } from "../../support/raw-client.ts";

/** The watchdog looks every 250 ms and is never early, so it may be this late. */
const SLACK = 750;

/** The minimum rate is looked at every five seconds. */
const LOOK = 5_000;

function says(request: Request): Response {
  return new Response(request.path);
}

async function count(request: Request): Promise<Response> {
  let length = 0;
  for await (const chunk of request.chunks()) length += chunk.length;
  return new Response(String(length));
}

describe("In HTTP/2 time is limited", () => {
  test("for the preface and the first SETTINGS", async () => {
    const server = frameServer(says);
    const client = server.open();
    client.send(PREFACE.slice(0, 20));
    await turns();
    await server.pass(9_990);
    assert.equal(client.ended, false);
    await server.pass(SLACK);
    await client.wantGoaway(1);
  });

  test("for the answer to our SETTINGS", async () => {
    const server = frameServer(() => deferred<Response>().promise, {}, { handler: 100_000 });
    const client = server.open();
    client.send(PREFACE, frame("settings", 0, 0));
    client.get(1);
    await turns();
    await server.pass(9_990);
    await client.wantAlive();
    await server.pass(SLACK);
    await client.wantGoaway(4);
  });

  test("for a field block and for any other frame that does not come to its end", async () => {
    const server = frameServer(says);
    const half = frame("headers", 5, 1, blockOf(GET)).subarray(0, 20);
    for (const piece of [half, frame("headers", 1, 1, blockOf(GET)), frame("ping", 0, 0, "12345678").subarray(0, 12)]) {
      const client = await server.client();
      client.send(piece);
      await turns();
      await server.pass(9_990);
      assert.equal(client.ended, false);
      await server.pass(SLACK);
      await client.wantGoaway(1);
    }
  });

  test("for a handler: 503 on its stream, and the others go on", async () => {
    const server = frameServer((request) => (request.path === "/hang" ? deferred<Response>().promise : says(request)));
    const client = await server.client();
    client.get(1, { ":path": "/hang" });
    await turns();
    await server.pass(30_000);
    client.get(3, { ":path": "/hang" });
    await turns();
    await server.pass(29_990);
    assert.equal(client.on(1).status, 0);
    await server.pass(SLACK);
    assert.equal((await client.response(1)).status, 503);
    assert.equal(client.on(3).status, 0);
    client.get(5);
    assert.equal((await client.response(5)).status, 200);
    await server.pass(30_000);
    assert.equal((await client.response(3)).status, 503);
  });

  test("for content that stops, and for content that only drips", async () => {
    const server = frameServer(count);
    const client = await server.client();
    client.headers(1, POST, false);
    client.data(1, "x".repeat(5_000));
    await turns();
    await server.pass(19_000);
    assert.equal(client.on(1).status, 0);
    await server.pass(11_000 + LOOK + SLACK);
    assert.equal((await client.response(1)).status, 408);
    client.headers(3, POST, false);
    let seconds = 0;
    for (; client.on(3).status === 0 && seconds < 60; seconds += 2) {
      client.data(3, "drip");
      await server.pass(2_000);
    }
    assert.ok(seconds >= 10 && seconds <= 20, `after ${seconds} s`);
    assert.equal((await client.response(3)).status, 408);
    await client.wantAlive();
  });

  test("for a window that stays shut: the stream is reset after 30 s, and the others go on", async () => {
    const server = frameServer((request) => new Response(request.path === "/" ? Buffer.alloc(1000) : "small"));
    const client = await server.client([4, 100]);
    client.get(1);
    await turns();
    assert.equal(client.on(1).body.length, 100);
    await server.pass(9_000);
    client.widen(1, 100);
    await turns();
    assert.equal(client.on(1).body.length, 200);
    assert.equal(client.on(1).reset, undefined);
    client.get(3, { ":path": "/small" });
    assert.equal((await client.response(3)).status, 200);
    for (let seconds = 0; seconds < 30 && client.on(1).reset === undefined; seconds += 2) await server.pass(2_000);
    await client.wantReset(1, 8);
    await client.wantAlive();
  });

  test("for a window that was shut: not while more urgent content goes first", async () => {
    const server = frameServer((request) => new Response(Buffer.alloc(request.path === "/film" ? 4_000_000 : 20_000)));
    const client = await server.client([4, 10_000]);
    client.get(1, { priority: "u=7" });
    await client.until(() => client.on(1).body.length === 10_000);
    client.get(3, { ":path": "/film", priority: "u=0" });
    client.widen(3, 5_000_000);
    client.widen(1, 100_000);
    for (let seconds = 0; seconds < 60; seconds++) {
      client.widen(0, 20_000);
      await server.pass(1_000);
    }
    client.widen(0, 4_000_000);
    assert.equal((await client.response(1)).body.length, 20_000);
  });

  test("for content: not while others have all the room of the connection, but for the handler then", async () => {
    const gate = deferred();
    const server = frameServer(async (request) => {
      if (request.path === "/slow") await gate.promise;
      return count(request);
    });
    const client = await server.client();
    for (let stream = 1; stream < 17; stream += 2) {
      client.headers(stream, { ...POST, ":path": "/slow" }, false);
      for (let sent = 0; sent < 8; sent++) client.data(stream, Buffer.alloc(16 * 1024));
    }
    client.headers(17, POST, false);
    client.headers(19, POST, false);
    await turns();
    await server.pass(45_000);
    assert.equal(client.on(17).status, 0);
    gate.resolve();
    await client.want("window", 0);
    client.data(17, "late", true);
    assert.equal(String((await client.response(17)).body), "4");
    for (let seconds = 0; seconds < 60; seconds++) await server.pass(1_000);
    assert.ok(client.on(19).status >= 400);
  });

  test("for a connection whose window stays shut", async () => {
    const server = frameServer(() => new Response(Buffer.alloc(100_000)));
    const client = await server.client([4, 1_000_000]);
    client.get(1);
    await turns();
    assert.equal(client.on(1).body.length, 65_535);
    await server.pass(9_000);
    await client.wantAlive();
    for (let seconds = 0; seconds < 27 && !client.ended; seconds++) await server.pass(1_000);
    await client.wantGoaway(11);
  });

  test("for a connection whose window stays shut, however much else is said on it", async () => {
    const server = frameServer(() => new Response(Buffer.alloc(100_000)));
    const client = await server.client([4, 1_000_000]);
    client.get(1);
    await turns();
    const ping = frame("ping", 0, 0, "12345678");
    for (let seconds = 0; seconds < 36 && !client.ended; seconds++) {
      // More than the minimum rate.
      client.send(...Array.from({ length: 9 }, () => ping));
      await turns();
      await server.pass(1_000);
    }
    await client.wantGoaway(11);
  });

  test("for the rest of content that nobody reads: its stream is reset after a second, without an error", async () => {
    const server = frameServer(says);
    const client = await server.client();
    client.headers(1, POST, false);
    assert.equal((await client.response(1)).status, 200);
    await server.pass(900);
    assert.equal(client.on(1).reset, undefined);
    await server.pass(SLACK);
    await client.wantReset(1, 0);
    await client.wantAlive();
  });

  test("for a connection whose window stays shut, also when an answer that came later has used it up", async () => {
    const server = frameServer(async () => {
      await turns(2);
      return new Response(Buffer.alloc(8_000));
    });
    const client = await server.client();
    for (let stream = 1; stream < 17; stream += 2) {
      client.get(stream);
      await client.response(stream);
    }
    client.get(17);
    await client.until(() => client.on(17).body.length === 65_535 - 8 * 8_000);
    for (let seconds = 0; seconds < 36 && !client.ended; seconds++) await server.pass(1_000);
    await client.wantGoaway(11);
  });

  test("for a window that stays shut behind a socket that was: its time is not counted in what the socket took", async () => {
    const server = frameServer((request) =>
      request.path === "/"
        ? new Response(null, { status: 204, headers: { "x-note": `${Math.random()}`.repeat(200) } })
        : new Response(Buffer.alloc(200_000)),
    );
    const client = await server.client([4, 1_000_000]);
    client.widen(0, 150_000 - 65_535);
    for (let stream = 1; stream < 200; stream += 2) client.get(stream);
    await client.response(199);
    client.pause();
    client.get(201, { ":path": "/large" });
    await turns();
    client.resume();
    await client.until(() => client.on(201).body.length === 150_000);
    await turns();
    await server.pass(LOOK + SLACK);
    await client.wantAlive();
    for (let seconds = 0; seconds < 36 && !client.ended; seconds++) await server.pass(1_000);
    await client.wantGoaway(11);
  });

  test("for a handler, once: that it gives up when told so is no other error", async () => {
    const server = frameServer(
      (request) =>
        new Promise((_resolve, reject) =>
          request.signal.addEventListener("abort", () => reject(request.signal.reason as Error)),
        ),
      {},
      { handler: 1_000 },
    );
    const client = await server.client();
    client.get(1);
    await turns();
    await server.pass(1_000 + SLACK);
    assert.equal((await client.response(1)).status, 503);
    assert.deepEqual(
      server.log.map(({ message }) => message),
      ["The answer took too long"],
    );
  });

  test("for frames one by one: who is always at the next one, and is never late, goes on", async () => {
    const server = frameServer(says);
    const client = await server.client();
    const ping = frame("ping", 0, 0, "12345678");
    client.send(ping.subarray(0, 5));
    await turns();
    for (let count = 1; count <= 5; count++) {
      await server.pass(6_000);
      client.send(ping.subarray(5), ping.subarray(0, 5));
      await turns();
      assert.equal(client.ended, false, `after ${count * 6} s`);
    }
    await server.pass(10_000 + SLACK);
    await client.wantGoaway(1);
  });

  test("for the end of a connection that has been told to go, and does not read that", async () => {
    const server = frameServer(() => new Response(Buffer.alloc(1_000)));
    const client = await server.client();
    client.pause();
    client.get(1);
    client.widen(0, 0);
    await turns();
    assert.equal(server.http.sessions, 1);
    for (let seconds = 0; seconds < 60 && server.http.sessions > 0; seconds++) await server.pass(1_000);
    assert.equal(server.http.sessions, 0);
  });

  test("for the answer to our PING, also when the one to our SETTINGS comes meanwhile", async () => {
    const server = frameServer(says);
    const client = server.open();
    client.send(PREFACE, frame("settings", 0, 0));
    await client.want("settings");
    void server.http.leave();
    assert.equal((await client.wantGoaway(0)).last, 0x7fffffff);
    client.send(frame("settings", 1, 0));
    await turns();
    await server.pass(1_000 + SLACK);
    assert.equal((await client.wantGoaway(0)).last, 0);
    await client.until(() => client.ended);
    client.finish();
  });

  test("for a client that does not read: its connection is cut off", async () => {
    const server = frameServer(() => new Response(Buffer.alloc(1_000_000)));
    const client = await server.client([4, 10_000_000]);
    client.widen(0, 10_000_000);
    client.pause();
    client.get(1);
    await turns();
    await server.pass(9_000);
    assert.equal(server.http.sessions, 1);
    await server.pass(22_000 + LOOK);
    await turns();
    assert.equal(server.http.sessions, 0);
  });

  test("for an idle connection: GOAWAY, and the end when the client has heard it", async () => {
    const server = frameServer(says);
    const client = await server.client();
    client.get(1);
    await client.response(1);
    await server.pass(64_000);
    assert.equal(client.frames.length, 0);
    await server.pass(1_000 + SLACK);
    assert.equal((await client.wantGoaway(0)).last, 0x7fffffff);
    // A request that was on its way is still taken.
    client.get(3);
    assert.equal((await client.response(3)).status, 200);
    const { payload } = await client.want("ping");
    client.send(frame("ping", 1, 0, payload));
    assert.equal((await client.wantGoaway(0)).last, 3);
    await client.until(() => client.ended);
  });

  test("for an idle connection: from its last request on, also when each was answered at once", async () => {
    const server = frameServer(says);
    const client = await server.client();
    for (let stream = 1; stream < 20; stream += 2) {
      client.get(stream);
      await client.response(stream);
      await server.pass(30_000);
      assert.deepEqual(client.frames, []);
    }
    // What else is said does not count.
    await client.wantAlive();
    await server.pass(35_000 + SLACK);
    await client.wantGoaway(0);
  });

  test("for an idle connection that has been told to go: it is waited for no longer than any idle one", async () => {
    const server = frameServer(says, {}, { idle: 100 });
    const client = await server.client();
    const over = server.http.leave();
    assert.equal((await client.wantGoaway(0)).last, 0x7fffffff);
    // Less than the second that it has to answer our PING.
    await server.pass(100 + SLACK);
    assert.equal((await client.wantGoaway(0)).last, 0);
    await client.until(() => client.ended);
    client.finish();
    await over;
  });

  test("for the end of a graceful stop: a client that does not answer our PING is waited for a second", async () => {
    const server = frameServer(says);
    const client = await server.client();
    const over = server.http.close();
    await client.wantGoaway(0);
    await server.pass(1_000 + SLACK);
    await client.wantGoaway(0);
    await client.until(() => client.ended);
    client.finish();
    await over;
  });

  test("for a client that has said goodbye: its handlers are told, and what they still give is sent", async () => {
    const gate = deferred<Response>();
    let aborted = false;
    const server = frameServer((request) => {
      request.signal.addEventListener("abort", () => (aborted = true));
      return gate.promise;
    });
    const client = await server.client();
    client.get(1);
    await turns();
    client.finish();
    await turns();
    await server.pass(900);
    assert.equal(aborted, false);
    await server.pass(SLACK);
    assert.equal(aborted, true);
    gate.resolve(new Response("still"));
    assert.equal(String((await client.response(1)).body), "still");
    await client.until(() => client.closed);
  });
});

describe("A server that stops says so to clients of HTTP/2", () => {
  test("and what is under way is finished, with the last stream named", async () => {
    const gate = deferred<Response>();
    let signal: AbortSignal | undefined;
    const server = frameServer((request) => {
      ({ signal } = request);
      return gate.promise;
    });
    const client = await server.client();
    client.get(1);
    await turns();
    const over = server.http.close();
    assert.equal((await client.wantGoaway(0)).last, 0x7fffffff);
    const { payload } = await client.want("ping");
    client.send(frame("ping", 1, 0, payload));
    assert.equal((await client.wantGoaway(0)).last, 1);
    client.get(3);
    await client.wantReset(3, 7);
    // A client that has answered is not taken for gone.
    await server.pass(10_000);
    assert.equal(signal?.aborted, false);
    gate.resolve(new Response("finished"));
    assert.equal(String((await client.response(1)).body), "finished");
    await client.until(() => client.ended);
    client.finish();
    await over;
  });

  test("also idle ones when another server stands in: they need not wait for their next request", async () => {
    const server = frameServer(says);
    const client = await server.client();
    const over = server.http.leave();
    await client.wantGoaway(0);
    client.send(frame("ping", 1, 0, (await client.want("ping")).payload));
    await client.until(() => client.ended);
    client.finish();
    await over;
    assert.equal(server.http.sessions, 0);
  });

  test("and one that says goodbye in turn, instead of answering our PING, is waited for no longer", async () => {
    const server = frameServer(says);
    const client = await server.client();
    client.get(1);
    await client.response(1);
    const over = server.http.leave();
    assert.equal((await client.wantGoaway(0)).last, 0x7fffffff);
    client.send(frame("goaway", 0, 0, Buffer.alloc(8)));
    assert.equal((await client.wantGoaway(0)).last, 1);
    await client.until(() => client.ended);
    client.finish();
    await over;
  });

  test("also one that had not said its SETTINGS yet, as soon as it has", async () => {
    const server = frameServer(says);
    const client = server.open();
    client.send(PREFACE);
    await turns();
    void server.http.leave();
    await turns();
    assert.ok(
      client.frames.every(({ type }) => type !== 7),
      "GOAWAY is said after SETTINGS",
    );
    client.send(frame("settings", 0, 0), frame("settings", 1, 0));
    assert.equal((await client.wantGoaway(0)).last, 0x7fffffff);
    client.vanish();
  });

  test("when a connection has lived its time, or has had its requests", async () => {
    const server = frameServer(says, { lifetime: 60_000, requests: 1 });
    const old = await server.client();
    await server.pass(61_000);
    old.get(1);
    assert.equal((await old.response(1)).status, 200);
    await old.wantGoaway(0);
    const busy = await server.client();
    for (let stream = 1; stream < 200; stream += 2) busy.get(stream);
    await busy.response(199);
    await busy.wantGoaway(0);
  });

  test("at once when it is aborted", async () => {
    const server = frameServer(() => deferred<Response>().promise);
    const client = await server.client();
    client.get(1);
    await turns();
    server.http.abort();
    await client.until(() => client.closed);
    assert.equal(server.http.sessions, 0);
  });
});
