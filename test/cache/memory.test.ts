import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ResponseCache } from "../../src/cache/response-cache.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { preferring } from "../support/cached.ts";

const MIB = 2 ** 20;
const BOUND = 16 * MIB;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function inUse(): Promise<number> {
  // Octets outside of the heap are given back a moment after what held them has been collected.
  collect();
  await setTimeout(30);
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

type Make = (index: number) => Response;

/** Grown memory at its most while so many distinct addresses are asked for. */
async function growth(count: number, make: Make): Promise<{ most: number; cache: ResponseCache }> {
  let index = 0;
  const cache = new ResponseCache({ maxBytes: BOUND });
  const handle = cache.layer(() => make(index));
  const before = await inUse();
  let most = 0;
  for (let part = 0; part < 10; part++) {
    for (const end = index + count / 10; index < end; index++) {
      const response = await handle(new Request(`http://example.com/search?q=${index}`));
      const content = Response.parts.content(response);
      if (content !== null && typeof content === "object" && Symbol.asyncIterator in content)
        for await (const _ of content as AsyncIterable<unknown>);
    }
    most = Math.max(most, (await inUse()) - before);
    assert.ok(cache.counts.bytes <= BOUND);
  }
  return { most, cache };
}

const FOREIGN = { "cache-control": "max-age=600", etag: '"a"', "content-type": "text/plain", vary: "accept-language" };

suite("Memory of the cache", () => {
  test("A hundred thousand distinct addresses take no more memory than the bound", async () => {
    const { most, cache } = await growth(100_000, (index) => preferring("query-matters", new Response(`${index}`)));
    assert.ok(most < 1.2 * BOUND, `${most} octets`);
    assert.ok(cache.counts.bytes > 0.9 * BOUND, "it is full");
  });

  for (const [what, make] of [
    [
      "whole pages of other origins",
      (index) => preferring("standard", new Response("x".repeat(3000 + (index % 3000)), { headers: FOREIGN })),
    ],
    ["octets", (index) => preferring("standard", new Response(Buffer.alloc(index % 40_000), { headers: FOREIGN }))],
    [
      "tagged pages",
      (index) => Object.assign(preferring("query-matters", new Response("a".repeat(1000))), { tags: [`tag-${index}`] }),
    ],
    [
      "long fields",
      (index) => preferring("query-matters", new Response("a", { headers: { "x-long": `${index} `.repeat(400) } })),
    ],
    [
      "streams",
      (index) =>
        preferring("query-matters", new Response(ReadableStream.from([Buffer.alloc(index % 6000), Buffer.alloc(10)]))),
    ],
  ] as [string, Make][]) {
    test(`So do ${what}`, async () => {
      const { most, cache } = await growth(10_000, make);
      assert.ok(most < 1.2 * BOUND, `${most} octets`);
      assert.ok(cache.counts.evictions > 0, "it is full");
    });
  }
});
