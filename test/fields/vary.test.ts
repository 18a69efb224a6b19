import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addVary, parseVary } from "../../src/fields/vary.ts";
import { near, token } from "./arbitraries.ts";

test("parseVary gives names in lower case, sorted and each once", () => {
  assert.deepEqual(parseVary(null), []);
  assert.deepEqual(parseVary(""), []);
  assert.deepEqual(parseVary("Origin, accept,, ORIGIN"), ["accept", "origin"]);
});

test("parseVary finds the asterisk wherever it stands", () => {
  for (const value of ["*", "*, *", ", *", "*, Foo", "Foo, *", " * "]) assert.equal(parseVary(value), "*", value);
});

test("parseVary of what cannot be read is the asterisk", () => {
  for (const value of ["a b", "a;b", '"a"', "a, (b)", "\u00a0a", ",".repeat(40)])
    assert.equal(parseVary(value), "*", value);
});

test("parseVary does not depend on case, order or how often a name comes", () => {
  fc.assert(
    fc.property(fc.array(token, { minLength: 1, maxLength: 5 }), (names) => {
      const shuffled = [...names.map((name) => name.toUpperCase()).reverse(), ...names];
      assert.deepEqual(parseVary(shuffled.join(" ,")), parseVary(names.join(",")));
    }),
  );
});

test("parseVary has every name that addVary added, for any text before it", () => {
  fc.assert(
    fc.property(near("accept", "origin", "*"), (text) => {
      const names = parseVary(addVary(text, "cookie"));
      assert.ok(names === "*" || names.includes("cookie"));
    }),
  );
});
