import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as reference from "structured-headers";
import { formatDictionary, formatItem, formatList, formatString } from "../../src/fields/format-structured-field.ts";
import { parseDictionary, parseItem, parseList } from "../../src/fields/structured-field.ts";
import type { BareItem, InnerList, Item, Parameters } from "../../src/fields/structured-field.ts";
import { near, token } from "./arbitraries.ts";

const NONE: Parameters = new Map();

function item(bare: BareItem, parameters: Parameters = NONE): Item {
  return { ...bare, parameters };
}

test("parseItem reads the eight types of RFC 9651 §3.3", () => {
  assert.deepEqual(parseItem(" 42 "), item({ kind: "integer", value: 42 }));
  assert.deepEqual(parseItem("-999999999999999"), item({ kind: "integer", value: -999_999_999_999_999 }));
  assert.deepEqual(parseItem("4.50"), item({ kind: "decimal", value: 4.5 }));
  assert.deepEqual(parseItem('"a \\"b\\" \\\\"'), item({ kind: "string", value: 'a "b" \\' }));
  assert.deepEqual(parseItem("foo123/456:*"), item({ kind: "token", value: "foo123/456:*" }));
  assert.deepEqual(parseItem(":aGVsbG8=:"), item({ kind: "bytes", value: new Uint8Array(Buffer.from("hello")) }));
  assert.deepEqual(parseItem("?1"), item({ kind: "boolean", value: true }));
  assert.deepEqual(parseItem("@1659578233"), item({ kind: "date", value: 1_659_578_233 }));
  assert.deepEqual(parseItem('%"f%c3%bc%c3%bc %25"'), item({ kind: "display", value: "füü %" }));
});

test("parseItem refuses what is near a type but none", () => {
  const malformed = ["", " ", "\t1", "1000000000000000", "1234567890123.0", "1.2345", "1.", ".1", "--1", "+1", "1 2"];
  malformed.push('"', '"\\a"', '"ü"', '"\\', "?2", "?", ":a", ":a b:", ":=a:", "@1.5", "@", "(", "(1 2)", "a,b");
  malformed.push('%"%C3%bc"', '%"%c3"', '%"', "%", '%"%g0"', "a;", "a;A=1", "a;=1", "a ;b", "\u00e4", "1a");
  for (const text of malformed) assert.equal(parseItem(text), undefined, text);
});

test("parseList reads inner lists and parameters", () => {
  const parameters = new Map<string, BareItem>([["lvl", { kind: "integer", value: 5 }]]);
  const flag = new Map<string, BareItem>([["x", { kind: "boolean", value: true }]]);
  assert.deepEqual(parseList('("a"; x  b);lvl=5 ,\t1'), [
    {
      kind: "list",
      value: [item({ kind: "string", value: "a" }, flag), item({ kind: "token", value: "b" })],
      parameters,
    },
    item({ kind: "integer", value: 1 }),
  ]);
  assert.deepEqual(parseList(""), []);
  assert.deepEqual(parseList("()"), [{ kind: "list", value: [], parameters: NONE }]);
  for (const text of ["a,", ",a", "a,,b", "(a", "(a,b)", "(a)b", '("a""b")', "((a))"]) {
    assert.equal(parseList(text), undefined, text);
  }
});

test("parseDictionary keeps the last member of a name where the first stood", () => {
  const dictionary = parseDictionary("a=1, b;x, a=?0, c=(1)");
  assert.deepEqual([...(dictionary?.keys() ?? [])], ["a", "b", "c"]);
  assert.deepEqual(dictionary?.get("a"), item({ kind: "boolean", value: false }));
  assert.deepEqual(
    dictionary?.get("b"),
    item({ kind: "boolean", value: true }, new Map([["x", { kind: "boolean", value: true }]])),
  );
  for (const text of ["a=", "a=1,", "A=1", "a =1", "a= 1", "=1", "a=1 b=2", "1=1"]) {
    assert.equal(parseDictionary(text), undefined, text);
  }
  assert.equal(
    parseDictionary("__proto__=1")?.size,
    undefined,
    "keys begin with a letter in lower case or an asterisk",
  );
});

test("Structured fields that cannot be written are refused", () => {
  for (const text of ["ü", "a\nb", "\u007f"]) assert.throws(() => formatString(text), TypeError);
  const unwritable: BareItem[] = [
    { kind: "integer", value: 1.5 },
    { kind: "integer", value: 1e15 },
    { kind: "integer", value: NaN },
    { kind: "decimal", value: 1e12 },
    { kind: "decimal", value: Infinity },
    { kind: "decimal", value: NaN },
    { kind: "date", value: 0.5 },
    { kind: "token", value: "" },
    { kind: "token", value: "1a" },
    { kind: "token", value: "a b" },
    { kind: "display", value: "\ud800" },
  ];
  for (const bare of unwritable) assert.throws(() => formatItem(item(bare)), TypeError, JSON.stringify(bare));
  for (const key of ["", "A", "1", "a b", "-"]) {
    assert.throws(() => formatDictionary(new Map([[key, item({ kind: "boolean", value: true })]])), TypeError, key);
  }
});

test("Decimals are rounded half to even with one to three digits", () => {
  const cases = [
    [1, "1.0"],
    [1.0625, "1.062"],
    [0.0005, "0.0"],
    [0.0015, "0.002"],
    [-0.0001, "0.0"],
    [-1.5, "-1.5"],
    [999999999999.999, "999999999999.999"],
  ] as const;
  for (const [value, text] of cases) assert.equal(formatItem(item({ kind: "decimal", value })), text);
});

const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,4}$/);
const visible = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
const PLAIN = { noNullPrototype: true } as const;
const bareItem: fc.Arbitrary<BareItem> = fc.oneof(
  fc.record({ kind: fc.constantFrom("integer", "date"), value: fc.integer().map((value) => value || 0) }, PLAIN),
  fc.record({ kind: fc.constant("decimal"), value: fc.integer().map((value) => (value || 1) / 1000) }, PLAIN),
  fc.record({ kind: fc.constant("string"), value: visible }, PLAIN),
  fc.record({ kind: fc.constant("token"), value: token.map((text) => `a${text}`) }, PLAIN),
  fc.record({ kind: fc.constant("display"), value: fc.string({ unit: "grapheme" }) }, PLAIN),
  fc.record({ kind: fc.constant("bytes"), value: fc.uint8Array() }, PLAIN),
  fc.record({ kind: fc.constant("boolean"), value: fc.boolean() }, PLAIN),
);
const parameters: fc.Arbitrary<Parameters> = fc
  .array(fc.tuple(key, bareItem), { maxLength: 2 })
  .map((all) => new Map(all));
const anyItem: fc.Arbitrary<Item> = fc.tuple(bareItem, parameters).map(([bare, of]) => item(bare, of));
const innerList: fc.Arbitrary<InnerList> = fc.record(
  {
    kind: fc.constant("list"),
    value: fc.array(anyItem, { maxLength: 3 }),
    parameters,
  },
  PLAIN,
);
const member = fc.oneof(anyItem, innerList);

test("Whatever is written is read again as it was", () => {
  fc.assert(fc.property(anyItem, (value) => assert.deepEqual(parseItem(formatItem(value)), value)));
  fc.assert(
    fc.property(fc.array(member, { maxLength: 4 }), (list) => assert.deepEqual(parseList(formatList(list)), list)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(key, member), { maxLength: 4 }), (entries) => {
      const dictionary = new Map(entries);
      assert.deepEqual([...(parseDictionary(formatDictionary(dictionary)) ?? [])], [...dictionary]);
    }),
  );
});

test("Whatever is read is written as another implementation writes it, and what is refused is refused by both", () => {
  const words = ["a", "b=", "1", "2.50", '"x"', "(", ")", ";q=1", ", ", ":YQ==:", "?1", '%"%c3%bc"', " "];
  const kinds = [
    [parseItem, formatItem, (text: string) => reference.serializeItem(reference.parseItem(text))],
    [parseList, formatList, (text: string) => reference.serializeList(reference.parseList(text))],
    [
      parseDictionary,
      formatDictionary,
      (text: string) => reference.serializeDictionary(reference.parseDictionary(text)),
    ],
  ] as const;
  for (const [parse, format, byReference] of kinds) {
    fc.assert(
      fc.property(near(...words), (text) => {
        if (text.includes("@")) return; // the other one refuses parameters of dates
        const parsed = parse(text);
        let expected: string | undefined;
        try {
          expected = byReference(text);
        } catch {
          expected = undefined;
        }
        // The other one has a single type for numbers: it writes 2.0 as 2.
        const ours = parsed === undefined ? undefined : format(parsed as never).replace(/(\d)\.0(?!\d)/g, "$1");
        assert.equal(ours, expected?.replace(/(\d)\.0(?!\d)/g, "$1"), text);
      }),
      { numRuns: 1000 },
    );
  }
});
