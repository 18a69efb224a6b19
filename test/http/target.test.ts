import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { canonicalPath } from "../../src/http/target.ts";

const cases: [raw: string, canonical: string | undefined][] = [
  ["/", "/"],
  ["/a", "/a"],
  ["/a/", "/a/"],
  ["//a", "/a"],
  ["/a//b///c", "/a/b/c"],
  ["/a//", "/a/"],
  ["/./a/.", "/a/"],
  ["/a/../b", "/b"],
  ["/a/..", "/"],
  ["/a/b/..", "/a/"],
  ["/../..", "/"],
  ["/../a", "/a"],
  ["/a/...", "/a/..."],
  ["/.well-known/x", "/.well-known/x"],
  ["/a./b.", "/a./b."],
  ["/%61", "/a"],
  ["/%2e%2e/a", "/a"],
  ["/%2E/a/%2e%2E", "/"],
  ["/a/.%2e/b", "/b"],
  ["/%c3%a9", "/é"],
  ["/%f0%9d%84%9e", "/\u{1d11e}"],
  ["/%25", "/%"],
  ["/%2541", "/%41"],
  ["/%252f", "/%2f"],
  ["/a%20b", "/a b"],
  ["/a;b=c", "/a;b=c"],
  ["/a%2fb", undefined],
  ["/a%2Fb", undefined],
  ["/a%5cb", undefined],
  ["/a%5C..", undefined],
  ["/a\\b", undefined],
  ["/%00", undefined],
  ["/%0d%0a", undefined],
  ["/%7f", undefined],
  ["/\0", undefined],
  ["/%", undefined],
  ["/%4", undefined],
  ["/%zz", undefined],
  ["/%u0041", undefined],
  ["/%c0%af", undefined],
  ["/%c0%ae%c0%ae/", undefined],
  ["/%e0%80%af", undefined],
  ["/%ed%a0%80", undefined],
  ["/%ff", undefined],
  ["/%c3", undefined],
];

describe("The canonical path", () => {
  for (const [raw, canonical] of cases) {
    test(`of ${JSON.stringify(raw)} is ${canonical === undefined ? "none" : JSON.stringify(canonical)}`, () => {
      assert.equal(canonicalPath(raw), canonical);
    });
  }

  const pieces = [
    "/",
    "//",
    ".",
    "..",
    "a",
    "b",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "%00",
    "%25",
    "%41",
    "\\",
    "%c3%a9",
    "%c0%ae",
    "%",
    " ",
  ];
  const piece = fc.constantFrom(...pieces);
  const raw = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join("")}`);

  test("begins with a slash, and holds no empty or dot segment, no backslash and no control character", () => {
    fc.assert(
      fc.property(raw, (path) => {
        const canonical = canonicalPath(path);
        if (canonical === undefined) return;
        assert.match(canonical, /^\//);
        assert.doesNotMatch(canonical, /\/\/|\/\.\.?(?:\/|$)|[\\\p{Cc}]/u);
      }),
      { numRuns: 2000 },
    );
  });

  test("is its own canonical path, unless it still holds a percent sign, which is then a character", () => {
    fc.assert(
      fc.property(raw, (path) => {
        const canonical = canonicalPath(path);
        if (canonical === undefined) return;
        const encoded = canonical.replaceAll("%", "%25");
        assert.equal(canonicalPath(encoded), canonical);
      }),
      { numRuns: 2000 },
    );
  });

  test("is the URL standard's, where there is no empty segment", () => {
    const segment = fc.constantFrom("a", "b", ".", "..", "...", "c.d", "%2e", ".%2E", "%41");
    const tail = fc.constantFrom("", "/");
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), tail, (segments, end) => {
        const path = `/${segments.join("/")}${end}`;
        assert.equal(canonicalPath(path), decodeURIComponent(new URL(path, "http://a").pathname));
      }),
      { numRuns: 1000 },
    );
  });

  test("of any text is found or refused, never an error", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void canonicalPath(`/${text}`)));
  });
});
