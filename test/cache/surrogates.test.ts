import assert from "node:assert/strict";
import { test } from "node:test";
import { Cached } from "../support/cached.ts";

/** How often the origin is asked for two requests a second apart. */
async function calls(headers: Record<string, string>): Promise<number> {
  const cached: Cached = new Cached(() => cached.foreign("", headers));
  await cached.send("/");
  cached.wait(1);
  await cached.send("/");
  return cached.calls.length;
}

test("CDN-Cache-Control comes before Surrogate-Control, and this before Cache-Control and Expires", async () => {
  assert.equal(await calls({ "surrogate-control": "max-age=60", "cache-control": "no-store" }), 1);
  assert.equal(await calls({ "surrogate-control": "max-age=0", "cache-control": "max-age=60" }), 2);
  assert.equal(await calls({ "surrogate-control": "no-store", expires: "Fri, 01 Jan 2100 00:00:00 GMT" }), 2);
  assert.equal(await calls({ "cdn-cache-control": "no-store", "surrogate-control": "max-age=60" }), 2);
});

test("Surrogate-Control for another cache counts for nothing here", async () => {
  assert.equal(await calls({ "surrogate-control": "max-age=60;other", "cache-control": "max-age=0" }), 2);
  assert.equal(await calls({ "surrogate-control": "no-store;other", "cache-control": "max-age=60" }), 1);
});

test("A 304 with another entity tag does not have what is stored pass for something newer", async () => {
  const cached: Cached = new Cached((_, call) =>
    call === 1
      ? cached.foreign("old", { "cache-control": "max-age=10", etag: '"old"', "content-digest": "sha-256=:old:" })
      : cached.foreign(
          null,
          { "cache-control": "max-age=10", etag: '"new"', "content-digest": "sha-256=:new:", x: "2" },
          { status: 304 },
        ),
  );
  await cached.send("/");
  cached.wait(11);
  const { text, headers } = await cached.send("/");
  const { status } = await cached.send("/", { "if-none-match": '"new"' });
  assert.deepEqual(
    [text, headers.get("etag"), headers.get("content-digest"), headers.get("x"), status],
    ["old", '"old"', "sha-256=:old:", "2", 200],
  );
});
