import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lowerAscii } from "../../src/base/ascii.ts";
import { hasToken, parseTokenList } from "../../src/fields/token-list.ts";
import { addVary } from "../../src/fields/vary.ts";
import { near, token } from "./arbitraries.ts";

test("parseTokenList gives the tokens in lower case without the empty ones", () => {
  assert.deepEqual(parseTokenList("Keep-Alive, , UPGRADE,"), ["keep-alive", "upgrade"]);
  assert.deepEqual(parseTokenList(""), []);
});

test("parseTokenList refuses what is not a token", () => {
  for (const text of ['"close"', "a b", "a/b", "chunked\u00a0", "\u212aeep"]) {
    assert.equal(parseTokenList(text), undefined, text);
  }
});

test("hasToken finds a whole element in any case", () => {
  assert.ok(hasToken("close", "close"));
  assert.ok(hasToken("Keep-Alive,\tCLOSE ,x", "close"));
  assert.ok(hasToken("(junk), close", "close"));
  assert.ok(!hasToken("closed, xclose, clo se", "close"));
  assert.ok(!hasToken("", "close"));
  assert.ok(!hasToken(undefined, "close"));
});

test("hasToken folds ASCII letters only", () => {
  assert.ok(!hasToken("\u212aeep-alive", "keep-alive"), "Kelvin sign");
  assert.ok(!hasToken("close\u00a0", "close"));
  assert.ok(!hasToken("@", "`"), "not a letter");
  assert.ok(!hasToken("[", "{"), "not a letter");
});

test("hasToken agrees with parseTokenList", () => {
  fc.assert(
    fc.property(fc.array(token, { maxLength: 6 }), token, (tokens, other) => {
      const list = tokens.join(" ,");
      const parsed = parseTokenList(list);
      assert.deepEqual(parsed, tokens.map(lowerAscii));
      for (const name of [...tokens, other].map(lowerAscii)) assert.equal(hasToken(list, name), parsed?.includes(name));
    }),
  );
});

test("Token lists never throw", () => {
  fc.assert(
    fc.property(near("close", "chunked"), (text) => {
      parseTokenList(text);
      hasToken(text, "close");
    }),
  );
});

test("addVary adds a name once, whatever its case", () => {
  assert.equal(addVary(undefined, "Accept"), "Accept");
  assert.equal(addVary("", "Accept"), "Accept");
  assert.equal(addVary("Accept", "Accept-Encoding"), "Accept, Accept-Encoding");
  assert.equal(addVary("accept, accept-encoding", "Accept-Encoding"), "accept, accept-encoding");
});

test("addVary lets the asterisk win", () => {
  assert.equal(addVary("*", "Accept"), "*");
  assert.equal(addVary("Accept, *", "Origin"), "*");
  assert.equal(addVary("Accept", "*"), "*");
});
