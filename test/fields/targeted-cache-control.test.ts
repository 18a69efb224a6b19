import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NO_CACHE_CONTROL, parseCacheControl } from "../../src/fields/cache-control.ts";
import { parseTargetedCacheControl } from "../../src/fields/targeted-cache-control.ts";

test("parseTargetedCacheControl reads directives as Cache-Control does", () => {
  const values = [
    "max-age=3600",
    "max-age=0",
    "max-age=2147483648",
    "max-age=99999999999",
    "foobar, max-age=3600",
    "no-cache",
    "no-store, private, public, must-revalidate, immutable",
    's-maxage=1, stale-while-revalidate=2, stale-if-error=3, no-cache="set-cookie, a"',
    "private=a",
    "max-age=-1",
    "max-age=a100",
  ];
  for (const value of values) assert.deepEqual(parseTargetedCacheControl(value), parseCacheControl(value), value);
});

test("parseTargetedCacheControl ignores a field that is absent, empty or no dictionary", () => {
  const values = [
    null,
    "",
    "  ",
    "max-age =100",
    "max-age= 100",
    "MaX-aGe=3600",
    "max-age=10000, &&&&&",
    "private,",
    "max-age=1;",
  ];
  for (const value of values) assert.equal(parseTargetedCacheControl(value), undefined, String(value));
});

test("parseTargetedCacheControl takes freshness away where a time has another type", () => {
  for (const value of ['"10000"', "1.5", "?1", "(1)", ":YQ==:", "@10", '%"10"']) {
    assert.equal(parseTargetedCacheControl(`max-age=${value}`)?.maxAge, 0, value);
  }
});

test("parseTargetedCacheControl lets restrictions of another type count and permissions not", () => {
  assert.equal(parseTargetedCacheControl("private=(a b)")?.isPrivate, true);
  assert.equal(parseTargetedCacheControl("no-store=1")?.noStore, true);
  assert.equal(parseTargetedCacheControl("public=(a)")?.isPublic, false);
});

test("parseTargetedCacheControl takes false for absent, ignores parameters and lets the last of a name count", () => {
  assert.deepEqual(parseTargetedCacheControl("no-store=?0"), NO_CACHE_CONTROL);
  assert.equal(parseTargetedCacheControl("max-age=5;foo=1, private;a")?.maxAge, 5);
  assert.equal(parseTargetedCacheControl("max-age=5, max-age=7")?.maxAge, 7);
});

test("parseTargetedCacheControl knows whatever Cache-Control knows of well-formed times", () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (seconds, isPrivate) => {
      const value = `max-age=${seconds}${isPrivate ? ", private" : ""}`;
      assert.deepEqual(parseTargetedCacheControl(value), parseCacheControl(value));
    }),
  );
});
