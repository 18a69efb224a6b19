import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatContentDisposition, parseContentDisposition } from "../../src/fields/content-disposition.ts";
import { safeFileName } from "../../src/fields/safe-file-name.ts";
import { anyText, near } from "./arbitraries.ts";

function fileName(value: string): string | undefined {
  return parseContentDisposition(value)?.filename;
}

test("parseContentDisposition reads the examples of RFC 6266 §5", () => {
  assert.equal(fileName("Attachment; filename=example.html"), "example.html");
  assert.equal(parseContentDisposition("INLINE")?.type, "inline");
  assert.equal(fileName('INLINE; FILENAME= "an example.html"'), undefined, "RFC 9110 §5.6.6 has no space after =");
  assert.equal(fileName("attachment; filename*= UTF-8''%e2%82%ac%20rates"), undefined, "nor here");
  assert.equal(fileName("attachment; filename*=UTF-8''%e2%82%ac%20rates"), "€ rates");
  assert.equal(fileName("attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates"), "€ rates");
  assert.equal(fileName("attachment; filename*=utf-8'en'a; filename=b"), "a", "in either order");
});

test("parseContentDisposition reads the parts of a form", () => {
  const part = parseContentDisposition('form-data; name="user"; filename="a \\"b\\".txt"');
  assert.equal(part?.type, "form-data");
  assert.equal(part?.parameters.get("name"), "user");
  assert.equal(part?.filename, 'a "b".txt');
});

test("parseContentDisposition falls back to filename when filename* cannot be read", () => {
  for (const extended of ["UTF-8''%zz", "UTF-8''%ff", "iso-8859-1''%a3", "a", "UTF-8'a"]) {
    assert.equal(fileName(`attachment; filename=plain; filename*=${extended}`), "plain", extended);
  }
});

test("parseContentDisposition refuses what is malformed", () => {
  for (const value of [
    undefined,
    "",
    "; filename=a",
    "attachment; filename",
    'attachment; filename="a',
    "a b",
    "a, b",
  ]) {
    assert.equal(parseContentDisposition(value), undefined, String(value));
  }
});

test("A file name that climbs directories is its last segment", () => {
  const names: [string, string | undefined][] = [
    ["../../etc/passwd", "passwd"],
    ["..\\..\\boot.ini", "boot.ini"],
    ["/etc/passwd", "passwd"],
    ["C:\\fakepath\\photo.jpg", "photo.jpg"],
    ["a/..", undefined],
    ["..", undefined],
    [".", undefined],
    ["a/", undefined],
    ["", undefined],
    ["\0..\0", undefined],
    ["a\0b\r\nc.txt", "abc.txt"],
    ["photo_\u202egpj.exe", "photo_gpj.exe"],
    [".htaccess", ".htaccess"],
    ["...", "..."],
  ];
  for (const [name, safe] of names) assert.equal(safeFileName(name), safe, JSON.stringify(name));
  assert.equal(fileName("attachment; filename*=UTF-8''..%2f..%2fetc%2fpasswd"), "passwd");
  assert.equal(fileName("attachment; filename*=UTF-8''..%5c..%00"), undefined);
});

test("safeFileName drops controls and marks of direction, and no other character", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    if (character === "/" || character === "\\") continue;
    const hidden = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(character);
    if (safeFileName(`a${character}b`) !== (hidden ? "ab" : `a${character}b`)) assert.fail(`U+${code.toString(16)}`);
  }
});

test("safeFileName leaves nothing that leaves a folder, for any name", () => {
  fc.assert(
    fc.property(fc.oneof(anyText(10), near("../", "..\\", "..", "\0")), (name) => {
      const safe = safeFileName(name);
      assert.ok(safe !== "" && safe !== "." && safe !== "..");
      assert.ok(safe === undefined || !/[/\\\p{Cc}]/u.test(safe));
    }),
  );
});

test("formatContentDisposition writes plain names once and others twice", () => {
  assert.equal(formatContentDisposition("attachment"), "attachment");
  assert.equal(formatContentDisposition("inline", "an example~.html"), 'inline; filename="an example~.html"');
  assert.equal(
    formatContentDisposition("attachment", "€ rates.txt"),
    "attachment; filename=\"_ rates.txt\"; filename*=UTF-8''%E2%82%AC%20rates.txt",
  );
  assert.equal(
    formatContentDisposition("attachment", 'it\'s "50%" (a*b).txt'),
    "attachment; filename=\"it's _50__ (a*b).txt\"; filename*=UTF-8''it%27s%20%2250%25%22%20%28a%2ab%29.txt",
  );
});

test("formatContentDisposition uses the last segment of a path and drops controls", () => {
  assert.equal(formatContentDisposition("attachment", "/srv/data/a\r\nb.txt"), 'attachment; filename="ab.txt"');
  assert.equal(formatContentDisposition("attachment", "/srv/data/"), "attachment");
});

test("formatContentDisposition throws when the type is not a token", () => {
  assert.throws(() => formatContentDisposition("attachment; x", "a"), TypeError);
  assert.throws(() => formatContentDisposition(""), TypeError);
});

test("A formatted disposition is visible ASCII and reads back as the safe name, for any name", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "grapheme" }), anyText(10), near("%41", '"', "'")), (name) => {
      const text = formatContentDisposition("attachment", name);
      assert.match(text, /^[ -~]*$/);
      assert.equal(fileName(text), safeFileName(name.toWellFormed()));
    }),
  );
});

test("parseContentDisposition never throws", () => {
  fc.assert(
    fc.property(near("attachment", ";filename=", ";filename*=", "UTF-8''", "%", "%e2"), (text) => {
      parseContentDisposition(text);
    }),
  );
});
