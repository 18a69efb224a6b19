import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Response } from "../../src/http/response.ts";
import { Cached } from "../support/cached.ts";

const FRESH = { "cache-control": "max-age=60", vary: "x-kind" };

describe("The limit of an entry", () => {
  test("is for all variants of a URL together, and the latest of them stay", async () => {
    const content = (kind: string | null): string => `${kind} ${"x".repeat(20_000)}`;
    const cached: Cached = new Cached((request) => cached.foreign(content(request.headers.get("x-kind")), FRESH), {
      maxEntryBytes: 50_000,
    });
    for (const kind of ["a", "b", "c"]) await cached.send("/", { "x-kind": kind });
    const words: string[] = [];
    for (const kind of ["c", "b", "a"]) words.push((await cached.send("/", { "x-kind": kind })).word.split(";")[1]!);
    assert.deepEqual(words, [" hit", " hit", " fwd=uri-miss"]);
  });

  test("leaves a response without the coding that would make it too large", async () => {
    const cached: Cached = new Cached(() => cached.foreign("x".repeat(30_000), FRESH), { maxEntryBytes: 50_000 });
    await cached.send("/");
    const response = await cached.respond("/");
    const stored = Response.parts.representation(response);
    assert.equal(stored?.grow(100_000), false);
    assert.equal(stored?.grow(10_000), true);
    assert.match((await cached.send("/")).word, /hit/);
  });
});
