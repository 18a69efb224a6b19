import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDateIgnoringCase, parseExpires } from "../../src/fields/expires.ts";
import { formatHttpDate } from "../../src/fields/http-date.ts";

const AUGUST_2050 = Date.UTC(2050, 7, 18, 2, 1, 18);
const NOW = Date.UTC(2026, 0, 1);

test("parseExpires reads all three forms of a date", () => {
  assert.equal(parseExpires("Thu, 18 Aug 2050 02:01:18 GMT"), AUGUST_2050);
  assert.equal(parseExpires("Thursday, 18-Aug-50 02:01:18 GMT", NOW), AUGUST_2050);
  assert.equal(parseExpires("Thu Aug 18 02:01:18 2050"), AUGUST_2050);
  assert.equal(parseExpires("Sun, 21 Nov 2286 04:46:39 GMT"), Date.UTC(2286, 10, 21, 4, 46, 39));
});

test("parseExpires ignores the case of letters", () => {
  assert.equal(parseExpires("THU, 18 Aug 2050 02:01:18 GMT"), AUGUST_2050);
  assert.equal(parseExpires("Thu, 18 AUG 2050 02:01:18 GMT"), AUGUST_2050);
  assert.equal(parseExpires("Thu, 18 Aug 2050 02:01:18 gMT"), AUGUST_2050);
  assert.equal(parseExpires("thursday, 18-aug-50 02:01:18 gmt", NOW), AUGUST_2050);
  assert.equal(parseExpires("WEDNESDAY, 17-AUG-50 02:01:18 GMT", NOW), AUGUST_2050 - 86_400_000);
  assert.equal(parseExpires("THU AUG 18 02:01:18 2050"), AUGUST_2050);
});

test("parseExpires puts what is no date into the past", () => {
  const invalid = [
    "",
    "0",
    "-1",
    "Thu, 18 Aug 2050 02:01:18 UTC",
    "Thu, 18 Aug 2050 02:01:18 AEST",
    "Thu, 18 Aug 50 02:01:18 GMT",
    "Thu 18 Aug 2050 02:01:18 GMT",
    "Thu, 18  Aug  2050 02:01:18 GMT",
    "Thu, 18-Aug-2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 02.01.18 GMT",
    "Thu, 18 Aug 2050 2:01:18 GMT",
    "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:19 GMT",
    "\u017fun, 18 Aug 2050 02:01:18 GMT",
  ];
  for (const text of invalid) assert.equal(parseExpires(text), -Infinity, text);
  assert.equal(parseExpires(null), undefined);
});

test("parseDateIgnoringCase reads every date in every case", () => {
  const time = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 });
  const cases = fc.infiniteStream(fc.boolean());
  fc.assert(
    fc.property(time, cases, (seconds, upper) => {
      const shuffled = formatHttpDate(seconds * 1000)
        .split("")
        .map((letter) => (upper.next().value ? letter.toUpperCase() : letter.toLowerCase()));
      assert.equal(parseDateIgnoringCase(shuffled.join("")), seconds * 1000);
    }),
  );
});
