import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatContentRange, formatUnsatisfiedRange, parseRange } from "../../src/fields/range.ts";
import type { RangeOptions } from "../../src/fields/range.ts";
import { near } from "./arbitraries.ts";

/** `[start, end]` pairs, or the kind. */
function parse(value: string | undefined, size: number, options?: RangeOptions): [number, number][] | string {
  const result = parseRange(value, size, options);
  return result.kind === "ranges" ? result.ranges.map(({ start, end }) => [start, end]) : result.kind;
}

test("parseRange reads the examples of RFC 9110 §14.1.2 for 10000 octets", () => {
  assert.deepEqual(parse("bytes=0-499", 10_000), [[0, 499]]);
  assert.deepEqual(parse("bytes=500-999", 10_000), [[500, 999]]);
  assert.deepEqual(parse("bytes=-500", 10_000), [[9500, 9999]]);
  assert.deepEqual(parse("bytes=9500-", 10_000), [[9500, 9999]]);
  assert.deepEqual(parse("bytes=0-0,-1", 10_000), [
    [0, 0],
    [9999, 9999],
  ]);
  assert.deepEqual(parse("bytes= 0-999, 4500-5499, -1000", 10_000), [
    [0, 999],
    [4500, 5499],
    [9000, 9999],
  ]);
  assert.equal(parse("bytes=500-700,601-999", 10_000), "none", "they overlap");
});

test("parseRange takes bytes=0-0 for the first octet", () => {
  assert.deepEqual(parse("bytes=0-0", 10), [[0, 0]]);
  assert.deepEqual(parse("bytes=0-0", 1), [[0, 0]]);
});

test("parseRange ignores an absent field, an unknown unit and a malformed value", () => {
  const values = [
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=a-b",
    "bytes=1",
    "bytes=1-2-3",
    "bytes=1--2",
    "bytes=--1",
    "bytes=+1-2",
    "bytes=0x1-2",
    "bytes=1.5-2",
    "bytes=1 -2",
    "bytes=1-2;",
    "bytes=1-2, x",
    "bytes =0-1",
    "octets=0-1",
    "items=0-1",
    "bytes=5-4",
    "bytes=0-1,5-4",
    "bytes=\u00a00-1",
    "bytes=\u0660-\u0661",
  ];
  for (const value of values) assert.equal(parse(value, 10), "none", String(value));
});

test("parseRange compares the unit without case", () => {
  assert.deepEqual(parse("Bytes=0-1", 10), [[0, 1]]);
});

test("parseRange cuts ranges at the end of the representation", () => {
  assert.deepEqual(parse("bytes=5-100", 10), [[5, 9]]);
  assert.deepEqual(parse("bytes=-100", 10), [[0, 9]]);
});

test("parseRange leaves out what lies beyond the end, and is unsatisfiable when nothing is left", () => {
  assert.deepEqual(parse("bytes=0-1,10-", 10), [[0, 1]]);
  assert.equal(parse("bytes=10-", 10), "unsatisfiable");
  assert.equal(parse("bytes=10-20,30-40", 10), "unsatisfiable");
  assert.equal(parse("bytes=-0", 10), "unsatisfiable");
});

test("parseRange sends an empty representation whole", () => {
  for (const value of ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"]) assert.equal(parse(value, 0), "none");
});

test("parseRange survives numbers of any length", () => {
  const huge = "9".repeat(5000);
  assert.deepEqual(parse(`bytes=0-${huge}`, 10), [[0, 9]]);
  assert.deepEqual(parse(`bytes=-${huge}`, 10), [[0, 9]]);
  assert.equal(parse(`bytes=${huge}-`, 10), "unsatisfiable");
  assert.deepEqual(parse("bytes=00000000000000000000001-2", 10), [[1, 2]]);
  assert.equal(parse("bytes=18446744073709551615-0", 10), "none", "not 2^64 − 1 wrapped around");
});

test("parseRange takes 8 ranges and ignores the field with 9", () => {
  const ranges = (count: number): string =>
    `bytes=${Array.from({ length: count }, (_, i) => `${2 * i}-${2 * i}`).join()}`;
  assert.equal(parse(ranges(8), 100).length, 8);
  assert.equal(parse(ranges(9), 100), "none");
  assert.equal(parse(ranges(3), 100, { maxRanges: 2 }), "none");
  assert.equal(parse("bytes=200-,201-,202-,203-,204-,205-,206-,207-,208-", 100), "none");
});

test("parseRange ignores ranges that descend or overlap, and takes neighbours", () => {
  assert.equal(parse("bytes=5-6,0-1", 10), "none");
  assert.equal(parse("bytes=0-5,5-6", 10), "none");
  assert.equal(parse("bytes=0-,0-,0-", 10), "none");
  assert.equal(parse("bytes=-1,-2", 10), "none");
  assert.deepEqual(parse("bytes=0-4,5-9", 10), [
    [0, 4],
    [5, 9],
  ]);
});

test("parseRange gives only ranges that are inside, ascending and apart, for any value", () => {
  fc.assert(
    fc.property(near("bytes=", "0-", "-5", "5-9", "99999999999999999999"), fc.nat(30), (text, size) => {
      for (const value of [text, `bytes=${text}`]) {
        const result = parseRange(value, size);
        if (result.kind !== "ranges") continue;
        assert.ok(result.ranges.length >= 1 && result.ranges.length <= 8);
        let free = 0;
        for (const { start, end } of result.ranges) {
          assert.ok(Number.isInteger(start) && start >= free && end >= start && end < size, value);
          free = end + 1;
        }
      }
    }),
  );
});

test("parseRange reads back ranges that are written ascending", () => {
  const numbers = fc.uniqueArray(fc.nat(1000), { minLength: 2, maxLength: 16 });
  fc.assert(
    fc.property(numbers, (numbers) => {
      const sorted = numbers.toSorted((a, b) => a - b);
      const ranges = Array.from({ length: sorted.length >> 1 }, (_, i) => sorted.slice(2 * i, 2 * i + 2));
      assert.deepEqual(parse(`bytes=${ranges.map((range) => range.join("-")).join(", ")}`, 1001), ranges);
    }),
  );
});

test("Content-Range is written with its unit", () => {
  assert.equal(formatContentRange({ start: 42, end: 1233 }, 1234), "bytes 42-1233/1234");
  assert.equal(formatContentRange({ start: 42, end: 1233 }), "bytes 42-1233/*");
  assert.equal(formatUnsatisfiedRange(1234), "bytes */1234");
});
