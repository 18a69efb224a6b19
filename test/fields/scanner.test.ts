import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Scanner } from "../../src/fields/scanner.ts";
import { formatParameterValue, formatQuotedString } from "../../src/fields/quoted-string.ts";
import { near, quotable } from "./arbitraries.ts";

function quoted(text: string): string | undefined {
  const scanner = new Scanner(text);
  const value = scanner.quotedString();
  return scanner.done ? value : undefined;
}

function elements(text: string): string[] | undefined {
  const scanner = new Scanner(text);
  const found: string[] = [];
  while (scanner.nextElement()) found.push(scanner.token());
  return scanner.malformed ? undefined : found;
}

test("Scanner reads the list examples of RFC 9110 §5.6.1.2", () => {
  assert.deepEqual(elements("foo,bar"), ["foo", "bar"]);
  assert.deepEqual(elements("foo ,bar,"), ["foo", "bar"]);
  assert.deepEqual(elements("foo , ,bar,charlie"), ["foo", "bar", "charlie"]);
  assert.deepEqual(elements(""), []);
  assert.deepEqual(elements(","), []);
  assert.deepEqual(elements(",   ,"), []);
});

test("Scanner allows 16 empty elements in a list and no more", () => {
  assert.deepEqual(elements(`${",".repeat(16)}a`), ["a"]);
  assert.equal(elements(`${",".repeat(17)}a`), undefined);
  assert.equal(elements("a, ".repeat(10) + ",".repeat(17)), undefined);
});

test("Scanner calls a list malformed when something else than a comma follows an element", () => {
  assert.equal(elements("a b"), undefined);
  assert.equal(elements("a;b"), undefined);
});

test("Scanner takes SP and HTAB for whitespace and nothing else", () => {
  for (const space of ["\u00a0", "\ufeff", "\v", "\f", "\r", "\n", "\u2003"]) {
    assert.equal(elements(`a${space},b`), undefined, JSON.stringify(space));
    const scanner = new Scanner(space);
    scanner.skipOws();
    assert.equal(scanner.position, 0);
  }
});

test("Scanner unescapes quoted strings", () => {
  assert.equal(quoted('"plain"'), "plain");
  assert.equal(quoted('""'), "");
  assert.equal(quoted(String.raw`"a\"b\\c\d"`), String.raw`a"b\cd`);
  assert.equal(quoted('"tab\tand \u00e9"'), "tab\tand \u00e9");
});

test("Scanner refuses quoted strings that are cut or carry controls, and stays where it was", () => {
  for (const text of ['"a', '"a\\', '"a\\"', '"\n"', '"\0"', '"\x7f"', '"\\\r"', '"\u0100"', "a", ""]) {
    const scanner = new Scanner(text);
    assert.equal(scanner.quotedString(), undefined, JSON.stringify(text));
    assert.equal(scanner.position, 0);
  }
});

test("Scanner reads parameters with names in lower case, values as they are, the first of doubled ones", () => {
  const parameters = new Scanner(' ; Charset="UTF-8";;a=B ;\ta=c;').parameters();
  assert.deepEqual(parameters && [...parameters], [
    ["charset", "UTF-8"],
    ["a", "B"],
  ]);
  assert.equal(new Scanner("").parameters()?.size, 0);
});

test("Scanner refuses parameters with spaces around the equals sign or without a value", () => {
  for (const text of ["; a =b", "; a= b", "; a=", "; a", '; a="', "; =b"]) {
    const scanner = new Scanner(text);
    assert.ok(scanner.parameters() === undefined || !scanner.done, text);
  }
});

test("Scanner reads decimals of any length up to the largest safe integer", () => {
  assert.equal(new Scanner("007x").decimal(), 7);
  assert.equal(new Scanner("1234567890").decimal(), 1_234_567_890);
  assert.equal(new Scanner("9007199254740991").decimal(), Number.MAX_SAFE_INTEGER);
  assert.equal(new Scanner("9".repeat(400)).decimal(), Number.MAX_SAFE_INTEGER);
  assert.equal(new Scanner("x").decimal(), -1);
  assert.equal(new Scanner("\u0661").decimal(), -1, "a digit of another script");
});

test("Scanner skips a broken element up to the comma that ends it, not one in quotes", () => {
  const scanner = new Scanner('a "x,y" b,c');
  scanner.skipElement();
  assert.equal(scanner.text.slice(scanner.position), ",c");
});

test("Scanner skips unclosed quotes in linear time", () => {
  const scanner = new Scanner(`"${'\\"'.repeat(50_000)}`);
  const start = performance.now();
  scanner.skipElement();
  assert.ok(scanner.done);
  assert.ok(performance.now() - start < 1000);
});

test("formatQuotedString and the scanner are inverse", () => {
  fc.assert(fc.property(quotable, (text) => assert.equal(quoted(formatQuotedString(text)), text)));
});

test("formatQuotedString throws on what no field value can carry", () => {
  for (const text of ["\r\n", "\0", "\x7f", "\u0100", "€"]) assert.throws(() => formatQuotedString(text), TypeError);
});

test("formatQuotedString escapes the quote and the backslash and nothing else", () => {
  assert.equal(formatQuotedString(String.raw`a"b\c#]`), String.raw`"a\"b\\c#]"`);
});

test("formatParameterValue quotes only what is not a token", () => {
  assert.equal(formatParameterValue("utf-8"), "utf-8");
  assert.equal(formatParameterValue("a b"), '"a b"');
  assert.equal(formatParameterValue(""), '""');
});

test("Scanner never throws and always comes to an end", () => {
  fc.assert(
    fc.property(near("a=b", ';q="', "W/", '"a"'), (text) => {
      const scanner = new Scanner(text);
      let count = 0;
      while (scanner.nextElement()) {
        scanner.parameters();
        scanner.skipElement();
        assert.ok(++count <= text.length);
      }
      assert.ok(scanner.done);
    }),
  );
});
