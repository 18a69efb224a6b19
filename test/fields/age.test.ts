import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAge } from "../../src/fields/age.ts";
import { near } from "./arbitraries.ts";

test("parseAge reads seconds, at most 2^31", () => {
  assert.equal(parseAge("0"), 0);
  assert.equal(parseAge(" 60 "), 60);
  assert.equal(parseAge("2147483647"), 2147483647);
  assert.equal(parseAge("2147483649"), 2 ** 31);
  assert.equal(parseAge("9".repeat(300)), 2 ** 31);
});

test("parseAge takes the first of several values", () => {
  assert.equal(parseAge("7200, 0"), 7200);
  assert.equal(parseAge("0, 7200"), 0);
  assert.equal(parseAge("0,x"), 0);
});

test("parseAge reads the number before a parameter, since too old is safe", () => {
  assert.equal(parseAge("7200;foo=bar"), 7200);
  assert.equal(parseAge("7200 ; foo=111, 0"), 7200);
});

test("parseAge ignores what is no number of seconds", () => {
  assert.equal(parseAge(null), undefined);
  for (const text of ["", "abc", "-7200", "7200.0", "x, 0", ", 7", "1 2", "\u00a05", "٣"]) {
    assert.equal(parseAge(text), undefined, text);
  }
});

test("parseAge gives whole seconds or nothing for any text", () => {
  fc.assert(
    fc.property(near("7200", "0", ", "), (text) => {
      const age = parseAge(text);
      assert.ok(age === undefined || (Number.isInteger(age) && age >= 0 && age <= 2 ** 31));
    }),
  );
});
