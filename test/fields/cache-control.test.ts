import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NO_CACHE_CONTROL, parseCacheControl } from "../../src/fields/cache-control.ts";
import type { CacheControl } from "../../src/fields/cache-control.ts";
import { near } from "./arbitraries.ts";

/** The directives that `value` sets. */
function directives(value: string): Partial<CacheControl> {
  const parsed = parseCacheControl(value);
  const names = Object.keys(parsed) as (keyof CacheControl)[];
  assert.deepEqual(names, Object.keys(NO_CACHE_CONTROL), "all fields are always there");
  return Object.fromEntries(names.filter((name) => parsed[name] !== NO_CACHE_CONTROL[name]).map((n) => [n, parsed[n]]));
}

test("parseCacheControl reads every directive of RFC 9111, RFC 5861 and RFC 8246", () => {
  assert.deepEqual(
    directives("no-store, no-cache, private, public, must-revalidate, proxy-revalidate, must-understand, no-transform"),
    {
      noStore: true,
      noCache: true,
      isPrivate: true,
      isPublic: true,
      mustRevalidate: true,
      proxyRevalidate: true,
      mustUnderstand: true,
      noTransform: true,
    },
  );
  assert.deepEqual(directives("max-age=1,s-maxage=2,stale-while-revalidate=3,stale-if-error=4,immutable"), {
    maxAge: 1,
    sMaxage: 2,
    staleWhileRevalidate: 3,
    staleIfError: 4,
    immutable: true,
  });
  assert.deepEqual(directives("only-if-cached, max-stale=5, min-fresh=6"), {
    onlyIfCached: true,
    maxStale: 5,
    minFresh: 6,
  });
  assert.deepEqual(directives("max-stale"), { maxStale: true });
});

test("parseCacheControl of an absent field is the shared object that says nothing", () => {
  assert.equal(parseCacheControl(null), NO_CACHE_CONTROL);
  assert.deepEqual(directives(""), {});
  assert.deepEqual(directives('unknown, extension=a, other="no-store"'), {});
});

test("parseCacheControl ignores the case of names and empty elements", () => {
  assert.deepEqual(directives("MaX-aGe=3600"), { maxAge: 3600 });
  assert.deepEqual(directives(",, No-StOrE ,,"), { noStore: true });
});

test("parseCacheControl takes a time as a token, in quotes and with leading zeros", () => {
  assert.deepEqual(directives('max-age="3600"'), { maxAge: 3600 });
  assert.deepEqual(directives("max-age=003600"), { maxAge: 3600 });
});

test("parseCacheControl takes every longer time for 2^31 seconds", () => {
  for (const time of ["2147483648", "2147483649", "99999999999", "9".repeat(400)]) {
    assert.deepEqual(directives(`max-age=${time}`), { maxAge: 2 ** 31 });
  }
  assert.deepEqual(directives("max-age=2147483647"), { maxAge: 2147483647 });
});

test("parseCacheControl makes an invalid time 0, so that the response is stale", () => {
  const invalid = [
    "=a100",
    "=100a",
    "=-1",
    "=3600.0",
    "='3600'",
    "=",
    "",
    " = 100",
    "= 100",
    " =100",
    '="1',
    "=1;a",
    "=1 2",
  ];
  for (const text of invalid) {
    assert.deepEqual(directives(`max-age${text}`), { maxAge: 0 }, `max-age${text}`);
    assert.deepEqual(directives(`s-maxage${text}`), { sMaxage: 0 }, `s-maxage${text}`);
    assert.deepEqual(directives(`stale-if-error${text}`), { staleIfError: 0 }, `stale-if-error${text}`);
  }
  assert.deepEqual(directives("max-stale="), { maxStale: 0 });
  assert.deepEqual(directives("max-stale junk"), { maxStale: 0 });
});

test("parseCacheControl lets the first of two times count", () => {
  assert.deepEqual(directives("max-age=1800, max-age=1"), { maxAge: 1800 });
  assert.deepEqual(directives("max-age=1, max-age=1800"), { maxAge: 1 });
  assert.deepEqual(directives("max-age=x, max-age=1800"), { maxAge: 0 });
});

test("parseCacheControl sees no directive inside a quoted string", () => {
  assert.deepEqual(directives('extension="max-age=3600", max-age=1'), { maxAge: 1 });
  assert.deepEqual(directives('max-age=1, extension="max-age=3600"'), { maxAge: 1 });
  assert.deepEqual(directives('extension="a, no-store, \\", private", immutable'), { immutable: true });
  assert.deepEqual(directives('"max-age=1, private", immutable'), { immutable: true });
});

test("parseCacheControl lists the field names of no-cache and private in lower case", () => {
  assert.deepEqual(directives('no-cache="a, B", private=Set-Cookie'), {
    noCache: ["a", "b"],
    isPrivate: ["set-cookie"],
  });
  assert.deepEqual(directives('no-cache="a", no-cache="b"'), { noCache: ["a", "b"] });
});

test("parseCacheControl takes the stricter form of no-cache and private where there is doubt", () => {
  for (const text of [
    'private, private="a"',
    'private="a", private',
    'private=""',
    'private="',
    'private="a b"',
    "private x",
  ]) {
    assert.deepEqual(directives(text), { isPrivate: true }, text);
  }
});

test("parseCacheControl lets malformed text restrict but never permit", () => {
  assert.deepEqual(directives("public; no-store"), { noStore: true });
  assert.deepEqual(directives("private; max-age=60"), { isPrivate: true, maxAge: 0 });
  assert.deepEqual(directives("no-cache no-store public"), { noCache: true, noStore: true });
  assert.deepEqual(directives('extension="a, max-age=60, public'), { maxAge: 0 });
  assert.deepEqual(directives('extension="a, no-store'), { noStore: true });
  assert.deepEqual(directives("no-store=1"), { noStore: true });
});

test("parseCacheControl remembers values, and forgets them when there are many", () => {
  assert.equal(parseCacheControl("max-age=77"), parseCacheControl("max-age=77"));
  const first = parseCacheControl("max-age=77");
  parseCacheControl("max-age=78");
  assert.equal(parseCacheControl("max-age=77"), first, "more than the last one");
  for (let age = 100; age < 300; age++) parseCacheControl(`max-age=${age}`);
  assert.notEqual(parseCacheControl("max-age=77"), first);
  assert.notEqual(parseCacheControl("a".repeat(300)), parseCacheControl("a".repeat(300)), "long values are not kept");
  assert.throws(() => Object.assign(first, { maxAge: 1 }), TypeError);
});

test("parseCacheControl gives whole seconds of at most 2^31 and lists of names for any text", () => {
  const words = [
    "max-age",
    "=60",
    "s-maxage=1",
    "no-cache",
    '="a, b"',
    "private",
    "public",
    "no-store",
    "max-stale",
    ", ",
  ];
  fc.assert(
    fc.property(near(...words), (text) => {
      const parsed = parseCacheControl(text);
      for (const time of [parsed.maxAge, parsed.sMaxage, parsed.staleIfError, parsed.minFresh]) {
        assert.ok(time === undefined || (Number.isInteger(time) && time >= 0 && time <= 2 ** 31));
      }
      for (const list of [parsed.noCache, parsed.isPrivate]) {
        assert.ok(typeof list === "boolean" || (list.length > 0 && list.every((name) => /^[^A-Z, "]+$/.test(name))));
      }
    }),
  );
});

test("parseCacheControl finds a restriction after any other well-formed elements", () => {
  fc.assert(
    fc.property(
      fc.array(
        near("max-age=1", "public", "a=b").map((t) => t.replaceAll('"', "")),
        { maxLength: 4 },
      ),
      (before) => {
        const text = [...before, "no-store"].join(", ");
        assert.equal(parseCacheControl(text).noStore, true, text);
      },
    ),
  );
});
