import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseNoVarySearch } from "../../src/fields/no-vary-search.ts";
import { near } from "./arbitraries.ts";

function key(field: string, search: string): string | undefined {
  return parseNoVarySearch(field)?.keyOf(search);
}

test("parseNoVarySearch leaves out the parameters that are named", () => {
  const field = 'params=("utm_source" "b c")';
  assert.equal(key(field, "a=1&utm_source=x"), key(field, "a=1"));
  assert.equal(key(field, "a=1&b+c=3&b%20c"), key(field, "a=1"));
  assert.notEqual(key(field, "a=1"), key(field, "a=2"));
  assert.notEqual(key(field, "a=1&b=2"), key(field, "b=2&a=1"), "the order still counts");
});

test("parseNoVarySearch leaves out all parameters but the excepted ones", () => {
  assert.equal(key("params", "a=1&b"), "");
  const field = 'params, except=("id")';
  assert.equal(key(field, "a=1&id=7&b"), key(field, "id=7"));
  assert.notEqual(key(field, "id=7"), key(field, "id=8"));
  assert.notEqual(key(field, "id=7&id=8"), key(field, "id=8&id=7"), "values of one name stay in order");
});

test("parseNoVarySearch ignores the order of names but not of the values of one name", () => {
  assert.equal(key("key-order", "b=2&a=1&a=0"), key("key-order", "a=1&b=2&a=0"));
  assert.notEqual(key("key-order", "a=1&a=0"), key("key-order", "a=0&a=1"));
});

test("parseNoVarySearch takes the equivalences of its draft", () => {
  const pairs = [
    ["a=x", "%61=%78"],
    ["a=\u00e9", "a=%E9"],
    ["a=x&&&&", "a=x"],
    ["a=", "a"],
    ["a=%20", "a=+"],
    ["", "&"],
    ["%zz=1", "%25zz=1"],
  ] as const;
  for (const [a, b] of pairs) assert.equal(key("key-order", a), key("key-order", b), `${a} and ${b}`);
  assert.equal(key('params=("%C3%A9+%E6%B0%97")', "%C3%A9%20%E6%B0%97=3"), "");
});

test("parseNoVarySearch changes nothing for what is absent, no change or not understood", () => {
  const fields = [
    "",
    "unknown-key",
    'key-order="not a boolean"',
    'params="not a boolean or inner list"',
    "params=(not-a-string)",
    'params=("a"), except=("x")',
    "params=(), except=()",
    'params=?0, except=("x")',
    "params, except=(not-a-string)",
    'params, except="not an inner list"',
    "params, except=?1",
    'except=("x")',
    "except=()",
    "params=?0",
    "params=()",
    "key-order=?0",
    "params=(",
  ];
  for (const field of fields) assert.equal(parseNoVarySearch(field), undefined, field);
  assert.equal(parseNoVarySearch(null), undefined);
  assert.ok(parseNoVarySearch("params=?1"));
  assert.ok(parseNoVarySearch('params, key-order, except=("x"), other=1'));
});

test("parseNoVarySearch reads every pair, so that none that is left out can poison a key", () => {
  const many = Array.from({ length: 3000 }, (_, index) => `p${index}=1`).join("&");
  assert.notEqual(key("key-order", `${many}&z=1`), key("key-order", `${many}&z=2`));
});

test("parseNoVarySearch gives one key to two queries only when a form parser tells the same pairs", () => {
  const query = near("a", "b", "&", "=", "%61", "%3D", "%26", "+", "%0a", "%a", "a=1&b=2");
  fc.assert(
    fc.property(query, query, (a, b) => {
      const sorted = (text: string): string => {
        const search = new URLSearchParams(text.replace(/^\?/, "%3F"));
        search.sort();
        return JSON.stringify([...search]);
      };
      if (key("key-order", a) === key("key-order", b)) assert.equal(sorted(a), sorted(b));
    }),
    { numRuns: 500 },
  );
});

test("parseNoVarySearch gives the key of a key again", () => {
  fc.assert(
    fc.property(near("a=1", "&", "%c3%a9", "utm=2"), (query) => {
      const variance = parseNoVarySearch('key-order, params=("utm")');
      const once = variance?.keyOf(query) ?? "";
      if (!once.includes("%u")) assert.equal(variance?.keyOf(once), once);
    }),
  );
});
