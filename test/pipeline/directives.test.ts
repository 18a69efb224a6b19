import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseDirectives } from "../../src/pipeline/directives.ts";

describe("The line !>", () => {
  const GOOD: readonly (readonly [string, readonly (readonly [string, ...string[]])[]])[] = [
    [" tmpl", [["tmpl"]]],
    ["tmpl", [["tmpl"]]],
    [" tmpl &> cache max-age=60 client none", [["tmpl"], ["cache", "max-age=60", "client", "none"]]],
    ["\ta \t b\t&>\tc ", [["a", "b"], ["c"]]],
    [' download "a b.txt"', [["download", "a b.txt"]]],
    [' download "&>" ""', [["download", "&>", ""]]],
    [" a &>b", [["a", "&>b"]]],
    [" é ü", [["é", "ü"]]],
    [` a ${"x".repeat(1019)}`, [["a", "x".repeat(1019)]]],
  ];
  for (const [line, wanted] of GOOD) {
    test(`${JSON.stringify(line.slice(0, 60))} is read`, () => {
      const directives = parseDirectives(line);
      assert.ok(typeof directives !== "string");
      assert.deepEqual(
        directives.map(({ name, args }) => [name, ...args]),
        wanted,
      );
    });
  }

  const BAD: readonly (readonly [string, RegExp])[] = [
    ["", /names nothing/],
    ["  \t", /names nothing/],
    [" a &>", /names nothing/],
    [" &> a", /no name before/],
    [" a &> &> b", /no name before/],
    [" a\rb", /control/],
    [" a\r", /control/],
    [" a\0", /control/],
    [" a\x1b[31m", /control/],
    [' a "b', /not closed/],
    [' a b"c"', /inside a word/],
    [' a "b"c', /inside a word/],
    [` a ${"x".repeat(1020)}`, /longer than 1024/],
    [` ${"é".repeat(600)}`, /longer than 1024/],
  ];
  for (const [line, fault] of BAD) {
    test(`${JSON.stringify(line.slice(0, 60))} is refused`, () => assert.match(parseDirectives(line) as string, fault));
  }

  test("gives back the words that it was made of", () => {
    const word = fc.stringMatching(/^[a-z=/.:-]{1,12}$/).filter((text) => text !== "&>");
    const directive = fc.array(word, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(directive, { minLength: 1, maxLength: 6 }), (directives) => {
        const read = parseDirectives(directives.map((words) => words.join(" ")).join(" &> "));
        assert.ok(typeof read !== "string");
        assert.deepEqual(
          read.map(({ name, args }) => [name, ...args]),
          directives,
        );
      }),
    );
  });

  test("never throws, and never takes long", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 1100 }), (line) => void parseDirectives(line)));
    for (const part of [" ", '"', '" ', "a ", "\t", "&> "]) parseDirectives(part.repeat(1000 / part.length));
  });
});
