import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { Response } from "../../../src/http/response.ts";
import { upgrade } from "../../../src/http/upgrade.ts";
import { deferred } from "../../support/deferred.ts";
import { type FrameClient, frameServer, GET } from "../../support/frame-client.ts";
import { turns } from "../../support/raw-client.ts";

/** What a process hears of errors that nobody catches. */
const EVENTS = ["uncaughtException", "unhandledRejection"];

function connect(client: FrameClient, stream: number): void {
  client.headers(stream, { ...GET, ":method": "CONNECT", ":protocol": "x" }, false);
}

const echo = (): Response => upgrade("x", (stream) => void stream.pipe(stream));

describe("A stream of HTTP/2 that is lent. RFC 8441", () => {
  test("sends nothing for nothing", async () => {
    const server = frameServer(() =>
      upgrade("x", (stream) => {
        for (let count = 0; count < 10; count++) stream.write("");
        stream.resume().end("end");
      }),
    );
    const client = await server.client();
    const lengths: number[] = [];
    client.onFrame = ({ type, payload }) => type === 0 && lengths.push(payload.length);
    connect(client, 1);
    assert.equal(String((await client.response(1)).body), "end");
    assert.deepEqual(lengths, [3, 0]);
  });

  test("has no limit of content: what it carries is none. RFC 9113 §8.5", async () => {
    const server = frameServer(echo, { content: 10 });
    const client = await server.client();
    connect(client, 1);
    client.data(1, "more than ten", true);
    assert.equal(String((await client.response(1)).body), "more than ten");
  });

  test("has one piece wait, however little at a time the client takes of it", async () => {
    let taken = 0;
    const server = frameServer(() =>
      upgrade("x", (stream) => {
        for (let count = 0; count < 100; count++) stream.write(Buffer.alloc(10_000), () => taken++);
      }),
    );
    const client = await server.client([4, 15_000]);
    connect(client, 1);
    for (let count = 0; count < 50; count++) {
      client.widen(1, 1);
      await turns(3);
    }
    assert.deepEqual([client.on(1).body.length, taken], [15_050, 1]);
  });

  test("may be lent as late as a handler may answer, whether the client has said anything or not", async () => {
    const gate = deferred<Response>();
    const server = frameServer(() => gate.promise);
    const client = await server.client();
    connect(client, 1);
    await turns();
    await server.pass(45_000);
    gate.resolve(echo());
    client.data(1, "late", true);
    assert.equal(String((await client.response(1)).body), "late");
  });

  test("is nobody else's: what its listeners throw is caught nowhere, and stops neither the connection nor its end", async () => {
    const caught: string[] = [];
    const others = EVENTS.map((event) => process.listeners(event as "uncaughtException"));
    for (const event of EVENTS) {
      process.removeAllListeners(event);
      process.on(event, (error: Error) => caught.push(error.message));
    }
    try {
      await throwing();
    } finally {
      for (const [index, event] of EVENTS.entries()) {
        process.removeAllListeners(event);
        for (const other of others[index]!) process.on(event, other);
      }
    }
    assert.deepEqual(caught, ["when data came", "when there was room", "when it was gone"]);
  });

  async function throwing(): Promise<void> {
    const fails = (why: string) => (): never => {
      throw new Error(why);
    };
    const take: Record<string, (stream: Duplex) => void> = {
      "/data": (stream) => stream.on("data", fails("when data came")),
      "/room": (stream) => stream.once("drain", fails("when there was room")).write(Buffer.alloc(100_000)),
      "/gone": (stream) => stream.write(Buffer.alloc(100_000), fails("when it was gone")),
    };
    const ends: string[] = [];
    const server = frameServer((request) => {
      const taker = take[request.path];
      if (taker !== undefined) return upgrade("x", taker);
      request.signal.addEventListener("abort", () => ends.push(request.path));
      return request.path === "/" ? new Response("fine") : deferred<Response>().promise;
    });
    const client = await server.client([4, 50_000]);
    for (const [index, path] of ["/data", "/room", "/gone"].entries()) {
      client.headers(index * 2 + 1, { ...GET, ":path": path, ":method": "CONNECT", ":protocol": "x" }, false);
    }
    client.get(7, { ":path": "/hang" });
    await turns();
    client.data(1, "come");
    await turns();
    client.widen(0, 1_000_000);
    client.widen(3, 100_000);
    await turns();
    client.get(9);
    assert.equal(String((await client.response(9)).body), "fine");
    client.vanish();
    await turns();
    assert.deepEqual(ends, ["/hang"]);
    assert.equal(server.http.sessions, 0);
  }
});
