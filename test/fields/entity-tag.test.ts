import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  entityTagListHas,
  entityTagsMatch,
  formatEntityTag,
  parseEntityTag,
  parseEntityTags,
} from "../../src/fields/entity-tag.ts";
import { near } from "./arbitraries.ts";

const opaque = fc.string({
  unit: fc
    .integer({ min: 0x21, max: 0xff })
    .filter((code) => code !== 0x22 && code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 10,
});
const entityTag = fc.tuple(opaque, fc.boolean()).map(([text, weak]) => formatEntityTag(text, weak));

test("parseEntityTag reads the examples of RFC 9110 §8.8.3", () => {
  assert.deepEqual(parseEntityTag('"xyzzy"'), { opaque: "xyzzy", weak: false });
  assert.deepEqual(parseEntityTag('W/"xyzzy"'), { opaque: "xyzzy", weak: true });
  assert.deepEqual(parseEntityTag('""'), { opaque: "", weak: false });
});

test("parseEntityTag refuses what is no entity tag", () => {
  for (const text of [
    "",
    "xyzzy",
    '"xyzzy',
    'xyzzy"',
    'w/"a"',
    'W/ "a"',
    'W"a"',
    "W/",
    '"a b"',
    '"a"b"',
    '"a",',
    "*",
  ]) {
    assert.equal(parseEntityTag(text), undefined, text);
  }
});

test("parseEntityTag and formatEntityTag are inverse", () => {
  fc.assert(
    fc.property(opaque, fc.boolean(), (text, weak) => {
      assert.deepEqual(parseEntityTag(formatEntityTag(text, weak)), { opaque: text, weak });
    }),
  );
});

test("formatEntityTag throws on quotes, spaces, controls and what is above U+00FF", () => {
  for (const text of ['"', " ", "\n", "\x7f", "\u0100"]) assert.throws(() => formatEntityTag(text), TypeError);
});

test("entityTagsMatch follows the table of RFC 9110 §8.8.3.2", () => {
  const table: [string, string, boolean, boolean][] = [
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
  ];
  for (const [a, b, strong, weak] of table) {
    assert.equal(entityTagsMatch(a, b, "strong"), strong);
    assert.equal(entityTagsMatch(a, b, "weak"), weak);
    assert.equal(entityTagListHas(a, b, "strong"), strong);
    assert.equal(entityTagListHas(a, b, "weak"), weak);
  }
});

test("parseEntityTags reads lists, commas inside the quotes included", () => {
  assert.deepEqual(parseEntityTags('"a,b" ,, W/"c"'), ['"a,b"', 'W/"c"']);
  assert.equal(parseEntityTags("*"), "*");
});

test("parseEntityTags refuses a list with anything else in it", () => {
  for (const text of ["", ",", "*, *", '"a", *', '"a" "b"', '"a"; x', "a"])
    assert.equal(parseEntityTags(text), undefined);
});

test("entityTagListHas finds nothing in a list that is malformed anywhere", () => {
  assert.ok(entityTagListHas('"b", "a"', '"a"', "strong"));
  assert.ok(!entityTagListHas('"a", b', '"a"', "strong"));
  assert.ok(!entityTagListHas('"a" "b"', '"a"', "weak"));
  assert.ok(!entityTagListHas('"ab"', '"a"', "weak"));
});

test("entityTagListHas agrees with the parsed list", () => {
  fc.assert(
    fc.property(fc.array(entityTag, { minLength: 1, maxLength: 5 }), entityTag, (tags, other) => {
      const list = tags.join(", ");
      assert.deepEqual(parseEntityTags(list), tags);
      for (const tag of [...tags, other]) {
        for (const comparison of ["strong", "weak"] as const) {
          const expected = tags.some((one) => entityTagsMatch(one, tag, comparison));
          assert.equal(entityTagListHas(list, tag, comparison), expected);
        }
      }
    }),
  );
});

test("Entity tags never throw on reading", () => {
  fc.assert(
    fc.property(near('"a"', "W/", "*"), (text) => {
      parseEntityTag(text);
      const has = entityTagListHas(text, '"a"', "weak");
      const tags = parseEntityTags(text);
      assert.equal(has, tags !== "*" && (tags?.some((tag) => entityTagsMatch(tag, '"a"', "weak")) ?? false));
    }),
  );
});
