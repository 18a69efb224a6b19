import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, suggestion } from "../../src/server/suggestion.ts";

const NAMES = ["listen", "limits", "timeouts", "log", "app"];

test("A suggestion is the nearest name", () => {
  assert.equal(suggestion("lisen", NAMES), "listen");
  assert.equal(suggestion("lmits", NAMES), "limits");
  assert.equal(suggestion("LISTEN", NAMES), "listen");
  assert.equal(suggestion("timeuot", NAMES), "timeouts");
});

test("A suggestion counts two swapped letters as one slip", () => {
  assert.equal(suggestion("lgo", ["log"]), "log");
  assert.equal(suggestion("gol", ["log"]), undefined);
});

test("A suggestion is not made when nothing is near", () => {
  assert.equal(suggestion("banana", NAMES), undefined);
  assert.equal(suggestion("x", ["y", "yy", "yyy"]), "y");
  assert.equal(suggestion("", []), undefined);
  assert.equal(didYouMean("banana", NAMES), "");
  assert.equal(didYouMean("ap", NAMES), ' Did you mean "app"?');
});
