import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { StreamedContent } from "../../src/http/content.ts";
import { sourceOf } from "../../src/http/content-source.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { Cached, preferring } from "../support/cached.ts";
import { deferred } from "../support/deferred.ts";

const many = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

describe("Requests for the same", () => {
  test("Kvarn coalescing: a thousand simultaneous misses are one call", async () => {
    const cached = new Cached(async (_, call) => {
      await sleep(20);
      return preferring("full", text(`made ${call}`));
    });
    const seen = await Promise.all(many(1000, () => cached.send("/")));
    assert.equal(cached.calls.length, 1);
    assert.deepEqual(new Set(seen.map(({ text }) => text)), new Set(["made 1"]));
    assert.equal(seen.filter(({ word }) => word === "millrace; fwd=miss; collapsed").length, 999);
  });

  test("a thousand for what is stale are one validation", async () => {
    const cached: Cached = new Cached(async (_, call) => {
      await sleep(20);
      if (call > 1) return cached.foreign(null, { "cache-control": "max-age=10", etag: '"a"' }, { status: 304 });
      return cached.foreign(`made ${call}`, { "cache-control": "max-age=10", etag: '"a"' });
    });
    await cached.send("/");
    cached.wait(11);
    const seen = await Promise.all(many(1000, () => cached.send("/")));
    assert.equal(cached.calls.length, 2);
    assert.ok(seen.every(({ status, text }) => status === 200 && text === "made 1"));
  });

  test("each have their own call when the answer is for nobody else", async () => {
    const cached = new Cached(async (_, call) => {
      await sleep(5);
      return text(`made ${call}`);
    });
    const seen = await Promise.all(many(50, () => cached.send("/")));
    assert.equal(new Set(seen.map(({ text }) => text)).size, 50);
  });

  test("of different variants share what is theirs: one call for each variant", async () => {
    const cached: Cached = new Cached(async (request) => {
      const kind = request.headers.get("x-kind");
      await sleep(5);
      return cached.foreign(`for ${kind}`, { "cache-control": "max-age=10", vary: "x-kind" });
    });
    const kinds = ["a", "b", "c", "d"];
    const seen = await Promise.all(
      many(100, () => kinds)
        .flat()
        .map((kind) => cached.send("/", { "x-kind": kind }).then((each) => [kind, each.text])),
    );
    assert.ok(seen.every(([kind, text]) => text === `for ${kind}`));
    assert.equal(cached.calls.length, kinds.length);
  });

  test("with Authorization neither wait nor are waited for", async () => {
    const gate = deferred();
    const cached = new Cached(async (request, call) => {
      if (call === 1) await gate.promise;
      return preferring("full", text(request.headers.get("authorization") ?? "nobody"));
    });
    const first = cached.send("/");
    assert.equal((await cached.send("/", { authorization: "me" })).text, "me");
    gate.resolve();
    assert.equal((await first).text, "nobody");
  });

  test("do not wait longer than their patience for an answer that may not be for them", async () => {
    const gate = deferred();
    const cached = new Cached(
      async (_, call) => {
        if (call === 1) await gate.promise;
        return text(`made ${call}`);
      },
      { patience: 20 },
    );
    const first = cached.send("/");
    assert.equal((await cached.send("/")).text, "made 2");
    gate.resolve();
    await first;
  });

  test("do not wait at all for one that has been late before", async () => {
    const cached = new Cached(
      async (_, call) => {
        if (call === 1) await new Promise(() => {});
        return text(`made ${call}`);
      },
      { patience: 50 },
    );
    void cached.send("/");
    await cached.send("/");
    const before = performance.now();
    await cached.send("/");
    assert.ok(performance.now() - before < 40);
  });

  test("are asked again when the one that was waited for fails", async () => {
    const cached = new Cached(async (_, call) => {
      await sleep(5);
      if (call === 1) throw new HttpError(500);
      return preferring("full", text(`made ${call}`));
    });
    const seen = await Promise.allSettled(many(10, () => cached.send("/")));
    assert.equal(seen.filter(({ status }) => status === "rejected").length, 1);
    assert.ok(seen.slice(1).every((each) => each.status === "fulfilled" && each.value.status === 200));
  });

  test("go on when the client that asked first goes away, and stop when all have gone", async () => {
    const gate = deferred();
    const signals: AbortSignal[] = [];
    const cached = new Cached(async (request) => {
      signals.push(request.signal);
      await gate.promise;
      return preferring("full", text("made"));
    });
    const handle = cached.cache.layer((request) => cached.origin(request, 1));
    const leader = new Request("http://example.com/");
    const led = handle(leader);
    const followed = handle(new Request("http://example.com/"));
    Request.abort(leader, new Error("gone"));
    assert.equal(signals[0]!.aborted, false);
    gate.resolve();
    assert.equal(await (await followed).text(), "made");
    assert.equal(signals[0]!.aborted, true);
    assert.equal(Request.isAborted(leader), true);
    await led;
  });
});

describe("Streamed content", () => {
  const pieces = async function* (gates: readonly Promise<void>[]) {
    for (const [index, gate] of gates.entries()) {
      await gate;
      yield `piece ${index} `;
    }
  };

  test("reaches everybody as it comes, and is stored when it is complete", async () => {
    const gates = many(3, () => deferred());
    const cached = new Cached(async () =>
      preferring("full", new Response(pieces(gates.map(({ promise }) => promise)))),
    );
    const first = await cached.respond("/");
    const second = await cached.respond("/");
    const readers = [first, second].map((response) => response.body!.getReader());
    gates[0]!.resolve();
    for (const reader of readers) assert.equal(Buffer.from((await reader.read()).value!).toString(), "piece 0 ");
    assert.equal(cached.cache.counts.entries, 0);
    for (const gate of gates) gate.resolve();
    for (const reader of readers) while (!(await reader.read()).done);
    assert.equal((await cached.send("/")).text, "piece 0 piece 1 piece 2 ");
    assert.equal((await cached.send("/")).word, "millrace; hit");
    assert.equal(cached.calls.length, 1);
  });

  test("that breaks off breaks for everybody, and is not stored", async () => {
    const cached = new Cached(async (_, call) => {
      const broken = async function* () {
        yield "a";
        throw new Error("broken");
      };
      return preferring("full", call === 1 ? new Response(broken()) : text("whole"));
    });
    const [first, second] = await Promise.all([cached.respond("/"), cached.respond("/")]);
    await assert.rejects(first.text(), /broken/);
    await assert.rejects(second.text(), /broken/);
    assert.equal((await cached.send("/")).text, "whole");
  });

  test("that is shorter than announced is broken", async () => {
    const content = Object.assign(pieces([Promise.resolve()]), { length: 100 });
    const cached = new Cached(async () => preferring("full", new Response(content)));
    await assert.rejects((await cached.respond("/")).text(), /100 were announced/);
    assert.equal(cached.cache.counts.entries, 0);
  });

  test("goes on for the others when one stops reading, and is stopped when the last does", async () => {
    let stopped = false;
    const endless = async function* () {
      try {
        for (;;) {
          await sleep(1);
          yield "x";
        }
      } finally {
        stopped = true;
      }
    };
    const cached = new Cached(async () => preferring("full", new Response(endless())));
    const readers = [];
    for (let index = 0; index < 2; index++) readers.push((await cached.respond("/")).body!.getReader());
    for (const reader of readers) await reader.read();
    await readers[0]!.cancel();
    assert.equal((await readers[1]!.read()).done, false);
    assert.equal(stopped, false);
    await readers[1]!.cancel();
    await sleep(5);
    assert.equal(stopped, true);
    assert.equal(cached.calls.length, 1);
    await (await cached.respond("/")).body!.cancel();
    assert.equal(cached.calls.length, 2);
  });

  test("is stopped where it comes from when the last reader goes, also while a piece is waited for", async () => {
    const cancelled = deferred();
    const silent = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
    const cached = new Cached(async () => preferring("full", new Response(silent)));
    const source = sourceOf(Response.parts.content(await cached.respond("/")) as StreamedContent);
    void source.next();
    await sleep(1);
    source.cancel();
    await Promise.race([cancelled.promise, sleep(500).then(() => assert.fail("The stream was not cancelled"))]);
  });

  test("that is too long is not stored, and waits for the slowest reader", async () => {
    let made = 0;
    const long = async function* () {
      for (; made < 1000; made++) yield Buffer.alloc(1000, made);
    };
    const cached = new Cached(async () => preferring("full", new Response(long())), { maxEntryBytes: 10_000 });
    const fast = (await cached.respond("/")).body!.getReader();
    const slow = (await cached.respond("/")).body!.getReader();
    const reading = (async () => {
      let octets = 0;
      for (let next = await fast.read(); !next.done; next = await fast.read()) octets += next.value.length;
      return octets;
    })();
    await sleep(20);
    assert.ok(made < 20, `${made} pieces were made while nobody read on the other side`);
    let octets = 0;
    for (let next = await slow.read(); !next.done; next = await slow.read()) octets += next.value.length;
    assert.deepEqual([await reading, octets], [1_000_000, 1_000_000]);
    assert.equal(cached.cache.counts.entries, 0);
  });
});
