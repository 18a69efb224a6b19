import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { negotiateEncoding } from "../../src/fields/accept-encoding.ts";
import { negotiateLanguage } from "../../src/fields/accept-language.ts";
import { negotiateMediaType } from "../../src/fields/accept.ts";
import { normaliseSelecting } from "../../src/fields/selecting.ts";
import { near } from "./arbitraries.ts";

function assertSame(name: string, a: string, b: string): void {
  assert.equal(normaliseSelecting(name, a), normaliseSelecting(name, b), `${a} and ${b}`);
}

function assertOther(name: string, a: string | null, b: string | null): void {
  assert.notEqual(normaliseSelecting(name, a), normaliseSelecting(name, b), `${a} and ${b}`);
}

test("normaliseSelecting ignores order, case and whitespace of languages", () => {
  assertSame("accept-language", "en, de", "de, en");
  assertSame("accept-language", "en, de", "eN, De");
  assertSame("accept-language", "en, de", " en ,   de");
  assertSame("accept-language", "en;q=1.0, de;q=0.50", "de ; Q=0.5,,en");
  assertOther("accept-language", "en, de", "en, de;q=0.9");
  assertOther("accept-language", "en", "de");
});

test("normaliseSelecting ignores order and case of codings and media ranges", () => {
  assertSame("accept-encoding", "gzip, br;q=0.5", "BR;q=0.500,X-GZIP");
  assertSame("accept", "text/html, */*;q=0.8", "*/*;q=0.8,Text/HTML");
  assertSame("accept", "text/html;charset=utf-8", 'text/html; Charset="utf-8"');
  assertOther("accept", "text/html;level=1", "text/html;level=2");
});

test("normaliseSelecting keeps the order where a range comes twice, since the first counts", () => {
  assertOther("accept-encoding", "gzip;q=0, gzip", "gzip, gzip;q=0");
  assertOther("accept", "text/html;a=1;q=0.1, text/html;b=1", "text/html;b=1, text/html;a=1;q=0.1");
});

test("normaliseSelecting leaves malformed and long values as they are", () => {
  for (const value of [
    "en;q=2, de",
    "en;q=0.5;x=1, de",
    "a b",
    "en;;q=1",
    'a;b="',
    "/x, a",
    "a/, b",
    ",".repeat(40) + "b, a",
  ]) {
    assert.equal(normaliseSelecting("accept-language", value), value);
  }
  const long = Array.from({ length: 200 }, (_, index) => `b${index}`).join(", ");
  assert.equal(normaliseSelecting("accept", long), long);
});

test("normaliseSelecting combines lines and ignores whitespace around commas of other fields", () => {
  assertSame("foo", "1,2", " 1, 2 ");
  assertSame("foo", "a", " a\t");
  assertOther("foo", "1, 2", "2, 1");
  assertOther("foo", "A", "a");
  assertOther("foo", '"1, 2"', '"1,2"');
  assertOther("foo", '"a, b', '"a,b');
});

test("normaliseSelecting changes nothing of fields that are no lists", () => {
  for (const name of ["cookie", "authorization", "user-agent", "referer", "origin"]) assertOther(name, "a, b", "a,b");
});

test("normaliseSelecting tells an absent field from an empty one", () => {
  assertOther("accept-encoding", null, "");
  assertOther("foo", null, "");
});

test("normaliseSelecting never changes what a server negotiates", () => {
  const offers = {
    "accept-encoding": [["br", "gzip"], negotiateEncoding],
    "accept-language": [["en", "de", "de-CH"], negotiateLanguage],
    accept: [["text/html", "text/html;level=1", "application/json"], negotiateMediaType],
  } as const;
  const words = [
    "gzip",
    "x-gzip",
    "br",
    "*",
    "en",
    "de",
    "DE-ch",
    "text/html",
    "*/*",
    ";level=1",
    ";q=0",
    ";q=0.5",
    ", ",
  ];
  for (const [name, [list, negotiate]] of Object.entries(offers)) {
    fc.assert(
      fc.property(near(...words), (value) => {
        assert.equal(negotiate(normaliseSelecting(name, value) ?? undefined, list), negotiate(value, list), value);
      }),
      { numRuns: 500 },
    );
  }
});

test("normaliseSelecting gives what is normal again", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("accept", "accept-encoding", "foo"),
      near("gzip", "*", ";q=0.50", ", ", "a=1"),
      (name, value) => {
        const normal = normaliseSelecting(name, value);
        assert.equal(normaliseSelecting(name, normal), normal);
      },
    ),
    { numRuns: 500 },
  );
});

test("normaliseSelecting remembers a bounded number of values", () => {
  for (let index = 0; index < 1000; index++) normaliseSelecting("accept", `text/x${index}, a/b`);
  assert.equal(normaliseSelecting("accept", "text/x0, a/b"), "a/b,text/x0");
});
