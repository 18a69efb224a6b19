import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseQuery } from "../../src/fields/query.ts";
import { anyText, near } from "./arbitraries.ts";

const queryText = fc.oneof(
  near("a=1", "&", "+", "%41", "%e2%82%ac", "%ff", "%", "%4", "=", "\ufeff", "%ef%bb%bf", "%c3"),
  fc.string({ unit: fc.nat(0x7f).map((code) => String.fromCharCode(code)) }),
  near("a=1", "&", "+", "=", "\ud800", "\ufeff"),
  anyText(10),
  fc.webQueryParameters(),
);

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

test("Query gives the first value, all values, and undefined for what is absent", () => {
  const query = parseQuery("tag=a&x=1&tag=b+c&empty=&flag");
  assert.equal(query.get("tag"), "a");
  assert.deepEqual(query.getAll("tag"), ["a", "b c"]);
  assert.equal(query.get("empty"), "");
  assert.equal(query.get("flag"), "");
  assert.equal(query.get("none"), undefined);
  assert.deepEqual(query.getAll("none"), []);
  assert.ok(query.has("flag") && !query.has("none"));
  assert.equal(query.size, 5);
});

test("Query of nothing is empty", () => {
  for (const text of ["", "&", "&&&"]) {
    assert.equal(parseQuery(text).size, 0);
    assert.equal(parseQuery(text).toString(), "");
  }
});

test("Query splits at the first equals sign", () => {
  assert.deepEqual(
    [...parseQuery("a=b=c&=d&=")],
    [
      ["a", "b=c"],
      ["", "d"],
      ["", ""],
    ],
  );
});

test("Query keeps escapes that are none as they are", () => {
  const query = parseQuery("a=100%&b=%zz&c=%4&%=%&d=%%41");
  assert.deepEqual([...query].flat(), ["a", "100%", "b", "%zz", "c", "%4", "%", "%", "d", "%A"]);
});

test("Query decodes octets that are not UTF-8 as U+FFFD", () => {
  assert.equal(parseQuery("a=%ff%41").get("a"), "\ufffdA");
  assert.equal(parseQuery("a=%c0%af").get("a"), "\ufffd\ufffd", "an overlong slash is no slash");
});

test("Names of object properties are ordinary names", () => {
  const query = parseQuery("__proto__=1&constructor=2&__proto__[x]=3");
  assert.deepEqual(query.getAll("__proto__"), ["1"]);
  assert.equal(query.get("constructor"), "2");
  assert.equal(query.get("toString"), undefined);
  assert.equal(parseQuery("a=1").has("hasOwnProperty"), false);
});

test("Query reads 1000 pairs and says when there were more", () => {
  const text = (count: number): string => Array.from({ length: count }, (_, index) => `n${index}=`).join("&");
  assert.equal(parseQuery(text(1000)).size, 1000);
  assert.equal(parseQuery(text(1000)).truncated, false);
  const more = parseQuery(text(1001));
  assert.equal(more.size, 1000);
  assert.ok(more.truncated);
  assert.deepEqual(
    [...parseQuery("a=1&b=2&c=3", { maxPairs: 2 })],
    [
      ["a", "1"],
      ["b", "2"],
    ],
  );
});

test("Query keeps characters beside an escape that is none", () => {
  assert.equal(parseQuery("a=%4\u00e9\u20ac").get("a"), "%4\u00e9\u20ac");
  assert.equal(parseQuery("a=%ff\u00e9").get("a"), "\ufffd\u00e9");
});

test("Query agrees with URLSearchParams on any text", () => {
  fc.assert(
    fc.property(queryText, (text) => {
      // A leading "?" is for the URL to take off; URLSearchParams would.
      fc.pre(!text.startsWith("?"));
      // Beside a bad escape, Node's URLSearchParams takes other characters for single octets (WHATWG: UTF-8).
      fc.pre(!text.includes("%") || isAscii(text));
      const query = parseQuery(text);
      const params = new URLSearchParams(text);
      assert.deepEqual([...query], [...params]);
      assert.equal(query.size, params.size);
      assert.equal(query.toString(), params.toString());
      for (const name of [...params.keys(), "absent"]) {
        assert.equal(query.get(name), params.get(name) ?? undefined);
        assert.deepEqual(query.getAll(name), params.getAll(name));
        assert.equal(query.has(name), params.has(name));
      }
    }),
    { numRuns: 500 },
  );
});

test("Query reads back what URLSearchParams writes", () => {
  const pairs = fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })));
  fc.assert(
    fc.property(pairs, (pairs) => {
      assert.deepEqual([...parseQuery(new URLSearchParams(pairs).toString())], pairs);
    }),
  );
});
