import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { deferred } from "../../support/deferred.ts";
import {
  blockOf,
  frame,
  type FrameClient,
  frameServer,
  GET,
  POST,
  settings,
  uint32,
} from "../../support/frame-client.ts";
import { turns } from "../../support/raw-client.ts";

const CALM = 11;
const END_HEADERS = 4;
const END_STREAM = 1;

function says(request: Request): Response {
  return new Response(request.path);
}

/** Sends pieces in small batches until the server has had enough. @returns how many it took */
async function flood(client: FrameClient, count: number, piece: (index: number) => Uint8Array): Promise<number> {
  for (let index = 0; index < count; index++) {
    client.send(piece(index));
    if (index % 10 === 9) await turns(3);
    if (client.ended) return index;
  }
  await turns();
  return count;
}

describe("A client of HTTP/2 that floods is told to calm down", () => {
  const cases: [string, (index: number) => Uint8Array][] = [
    ["SETTINGS", () => frame("settings", 0, 0, settings([4, 1000]))],
    ["PING", () => frame("ping", 0, 0, "12345678")],
    ["PRIORITY", (index) => frame("priority", 0, index * 2 + 1, Buffer.alloc(5))],
    [
      "PRIORITY_UPDATE",
      (index) => frame("priorityUpdate", 0, 0, Buffer.concat([uint32(index * 2 + 1), Buffer.from("u=1")])),
    ],
    ["frames of unknown types", () => frame(0x60, 0, 0)],
  ];
  for (const [name, piece] of cases) {
    test(`${name}: 100 at once and 10 a second are taken`, async () => {
      const server = frameServer(says);
      const client = await server.client();
      assert.equal(await flood(client, 90, piece), 90);
      assert.equal(client.ended, false);
      await server.pass(5_000);
      assert.equal(await flood(client, 50, piece), 50);
      assert.equal(client.ended, false);
      assert.ok((await flood(client, 200, piece)) < 200);
      await client.wantGoaway(CALM);
    });
  }

  test("PRIORITY: each request brings eight with it, also when all of them come at once", async () => {
    const server = frameServer(() => deferred<Response>().promise);
    const client = await server.client();
    for (let index = 0; index < 100; index++) client.send(frame("headers", 5, index * 2 + 1, blockOf(GET)));
    await turns();
    const change = (index: number): Uint8Array => {
      const id = uint32((index % 100) * 2 + 1);
      return frame("priorityUpdate", 0, 0, Buffer.concat([id, Buffer.from("u=1")]));
    };
    assert.equal(await flood(client, 800, change), 800);
    assert.ok((await flood(client, 300, change)) < 300);
    await client.wantGoaway(CALM);
  });

  test("empty DATA: 100 at once are taken", async () => {
    const server = frameServer(async (request) => new Response(await request.bytes()));
    const client = await server.client();
    client.headers(1, POST, false);
    const taken = await flood(client, 300, () => frame("data", 0, 1));
    assert.ok(taken > 90 && taken < 130, String(taken));
    await client.wantGoaway(CALM);
  });

  test("WINDOW_UPDATE: what room is given for content that was sent is free, and all else is counted", async () => {
    const server = frameServer(says);
    const client = await server.client();
    client.get(1);
    await client.response(1);
    const taken = await flood(client, 3000, () => frame("window", 0, 1, uint32(1)));
    assert.ok(taken > 900 && taken < 1_100, String(taken));
    await client.wantGoaway(CALM);
  });

  test("rapid reset: 100 at once and 20 a second are taken, however fast the handler is", async () => {
    for (const handler of [says, () => deferred<Response>().promise]) {
      const server = frameServer(handler);
      const client = await server.client();
      const taken = await flood(client, 400, (index) => {
        const stream = index * 2 + 1;
        return Buffer.concat([frame("headers", 5, stream, blockOf(GET)), frame("reset", 0, stream, uint32(8))]);
      });
      assert.ok(taken >= 95 && taken < 130, String(taken));
      await client.wantGoaway(CALM);
    }
  });

  test("MadeYouReset: streams that the server is made to reset count the same", async () => {
    const tricks: ((stream: number) => Uint8Array)[] = [
      // More room than there can be.
      (stream) => frame("window", 0, stream, uint32(0x7fffffff)),
      (stream) => frame("window", 0, stream, uint32(0)),
      (stream) => frame("data", 0, stream, "content behind the end"),
      (stream) => frame("headers", END_HEADERS | END_STREAM, stream, blockOf({ "x-a": "1" })),
      (stream) => frame("priority", 0, stream, Buffer.concat([uint32(stream), Buffer.alloc(1)])),
    ];
    for (const trick of tricks) {
      const server = frameServer(() => deferred<Response>().promise);
      const client = await server.client();
      const taken = await flood(client, 400, (index) => {
        const stream = index * 2 + 1;
        return Buffer.concat([frame("headers", 5, stream, blockOf(GET)), trick(stream)]);
      });
      assert.ok(taken >= 90 && taken < 130, String(taken));
      await client.wantGoaway(CALM);
    }
  });

  test("handlers of streams that are gone count as streams until they are done", async () => {
    let working = 0;
    let most = 0;
    const gates: (() => void)[] = [];
    const server = frameServer(async () => {
      most = Math.max(most, ++working);
      await new Promise<void>((resolve) => gates.push(resolve));
      working--;
      return new Response("done");
    });
    const client = await server.client();
    let stream = 1;
    for (let round = 0; round < 40; round++) {
      for (let index = 0; index < 8; index++, stream += 2) {
        client.get(stream);
        client.reset(stream);
      }
      await turns(5);
      await server.pass(1_000);
    }
    assert.equal(client.ended, false, "sixteen resets a second are allowed");
    assert.ok(most <= 100, `${most} handlers at once`);
    for (const open of gates) open();
    await turns();
    client.get(stream);
    await turns();
    for (const open of gates) open();
    assert.equal((await client.response(stream)).status, 200);
  });

  test("handlers that outlive their 503 count as streams until they are done", async () => {
    const gate = deferred();
    const server = frameServer(
      async () => {
        await gate.promise;
        return new Response("late");
      },
      {},
      { handler: 1_000 },
    );
    const client = await server.client();
    for (let stream = 1; stream < 200; stream += 2) client.get(stream);
    await turns();
    await server.pass(2_000);
    assert.equal((await client.response(199)).status, 503);
    client.get(201);
    await client.wantReset(201, 7);
    gate.resolve();
    await turns();
    client.get(203);
    assert.equal(String((await client.response(203)).body), "late");
  });

  test("CONTINUATION: eight frames are taken, and 32 KiB", async () => {
    const server = frameServer(says);
    const begin = frame("headers", END_STREAM, 1, blockOf(GET));
    const filler = (octets: number): Buffer => blockOf({ "x-a": "a".repeat(octets) });
    const good = await server.client();
    good.send(begin, ...Array.from({ length: 7 }, () => frame("continuation", 0, 1, filler(10))));
    good.send(frame("continuation", END_HEADERS, 1));
    assert.equal((await good.response(1)).status, 200);
    const many = await server.client();
    many.send(begin, ...Array.from({ length: 9 }, () => frame("continuation", 0, 1)));
    await many.wantGoaway(CALM);
    const long = await server.client();
    long.send(begin, frame("continuation", 0, 1, filler(16_000)), frame("continuation", 0, 1, filler(16_000)));
    long.send(frame("continuation", 0, 1, filler(1_000)));
    await long.wantGoaway(CALM);
  });

  test("HPACK bombs: 431 above 100 fields, crumbs of cookies among them, and above 16 KiB", async () => {
    const server = frameServer((request) => new Response(String([...request.headers].length)));
    const client = await server.client();
    // One entry of 4,000 octets in the table, then a thousand references to it: 4 MB of fields in 5 KB.
    const entry = Buffer.concat([
      Buffer.from([0x40, 3, ...Buffer.from("x-a"), 0x7f, 0xa1, 0x1e]),
      Buffer.alloc(4000, "a"),
    ]);
    const bomb = Buffer.concat([blockOf(GET), entry, Buffer.alloc(1000, 0xbe)]);
    const before = process.memoryUsage().heapUsed;
    for (let stream = 1; stream < 100; stream += 2) client.send(frame("headers", 5, stream, bomb));
    for (let stream = 1; stream < 100; stream += 2) assert.equal((await client.response(stream)).status, 431);
    assert.ok(process.memoryUsage().heapUsed - before < 64 * 1024 * 1024);
    const crumbs = Array.from({ length: 150 }, (_, index) => ["cookie", `c${index}=1`] as const);
    client.headers(101, [...Object.entries(GET), ...crumbs], true);
    assert.equal((await client.response(101)).status, 431);
    client.headers(103, [...Object.entries(GET), ...crumbs.slice(0, 90)], true);
    assert.equal((await client.response(103)).status, 200);
  });

  test("sections beyond the limits: 100 at once and 10 a second have their 431", async () => {
    const server = frameServer(says);
    const client = await server.client();
    const fields = [...Object.entries(GET), ...Array.from({ length: 150 }, () => ["x-a", "1"] as const)];
    const large = (index: number): Uint8Array => frame("headers", 5, index * 2 + 1, blockOf(fields));
    assert.equal(await flood(client, 90, large), 90);
    assert.equal((await client.response(179)).status, 431);
    await server.pass(5_000);
    assert.equal(await flood(client, 50, (index) => large(index + 90)), 50);
    assert.equal(client.ended, false);
    assert.ok((await flood(client, 200, (index) => large(index + 140))) < 100);
    await client.wantGoaway(CALM);
  });

  test("sections on streams that were reset: 100 at once are taken", async () => {
    const server = frameServer(() => deferred<Response>().promise);
    const client = await server.client();
    client.headers(1, POST, false);
    client.send(frame("window", 0, 1, uint32(0)));
    await client.wantReset(1, 1);
    const trailers = frame("headers", END_HEADERS | END_STREAM, 1, blockOf({ "x-a": "1" }));
    const taken = await flood(client, 300, () => trailers);
    assert.ok(taken > 90 && taken < 130, String(taken));
    await client.wantGoaway(CALM);
  });

  test("DATA octet by octet costs no more memory than the octets", async () => {
    const gate = deferred();
    const server = frameServer(async (request) => {
      await gate.promise;
      return new Response(await request.bytes());
    });
    const client = await server.client();
    client.headers(1, POST, false);
    const piece = Buffer.concat(Array.from({ length: 1000 }, () => frame("data", 0, 1, "x")));
    globalThis.gc?.();
    const before = process.memoryUsage();
    for (let round = 0; round < 60; round++) {
      client.send(piece);
      await turns(12);
    }
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    assert.ok(grown < 16 * 1024 * 1024, `${grown} octets for 60,000`);
    client.data(1, "", true);
    gate.resolve();
    assert.equal((await client.response(1)).body.length, 60_000);
  });

  test("streams above the limit are refused, and may be sent again", async () => {
    const gate = deferred<Response>();
    const server = frameServer(async (request) =>
      request.path === "/" ? (await gate.promise).clone() : says(request),
    );
    const client = await server.client();
    for (let stream = 1; stream <= 201; stream += 2) client.get(stream);
    await client.wantReset(201, 7);
    gate.resolve(new Response("now"));
    assert.equal(String((await client.response(199)).body), "now");
    client.get(203, { ":path": "/again" });
    assert.equal(String((await client.response(203)).body), "/again");
  });

  test("a client that opens no window holds 64 MiB at most, and others are served meanwhile", async () => {
    const large = "x".repeat(8 * 1024 * 1024);
    const server = frameServer((request) => new Response(request.path === "/large" ? large : "small"));
    const client = await server.client([4, 0]);
    let refused = 0;
    for (let stream = 1; stream < 100; stream += 2) client.get(stream, { ":path": "/large" });
    await turns(200);
    for (let stream = 1; stream < 100; stream += 2) if (client.on(stream).reset === 7) refused++;
    assert.ok(refused >= 30, `${refused} were refused`);
    const other = await server.client();
    other.get(1);
    assert.equal(String((await other.response(1)).body), "small");
  });
});
