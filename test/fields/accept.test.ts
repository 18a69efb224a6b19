import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { negotiateMediaType, parseAccept } from "../../src/fields/accept.ts";
import { parseWeight } from "../../src/fields/weight.ts";
import { near } from "./arbitraries.ts";

test("parseWeight takes 0 to 1 with at most three decimals", () => {
  const valid: [string, number][] = [
    ["0", 0],
    ["0.", 0],
    ["0.5", 500],
    ["0.05", 50],
    ["0.001", 1],
    ["1", 1000],
    ["1.", 1000],
    ["1.000", 1000],
  ];
  for (const [text, weight] of valid) assert.equal(parseWeight(text), weight, text);
  for (const text of [
    "",
    ".5",
    "/.5",
    "1.001",
    "2",
    "0.0001",
    "-0",
    "+1",
    "00",
    "0,5",
    "1e0",
    "0.5 ",
    "0x1",
    "\u0661",
  ]) {
    assert.equal(parseWeight(text), -1, text);
  }
});

test("parseWeight reads back every weight there is", () => {
  for (let weight = 0; weight <= 1000; weight++) assert.equal(parseWeight((weight / 1000).toFixed(3)), weight);
});

test("parseAccept reads the example of RFC 9110 §12.5.1", () => {
  const ranges = parseAccept("text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c");
  assert.deepEqual(
    ranges.map(({ essence, weight }) => [essence, weight]),
    [
      ["text/plain", 500],
      ["text/html", 1000],
      ["text/x-dvi", 800],
      ["text/x-c", 1000],
    ],
  );
});

test("negotiateMediaType gives each type the weight of RFC 9110's table of precedence", () => {
  const accept = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5";
  const descending = [
    "text/plain;format=flowed", // 1
    "text/plain", // 0.7
    "image/jpeg", // 0.5
    "text/plain;format=fixed", // 0.4
    "text/html", // 0.3
  ];
  for (let index = 0; index < descending.length; index++) {
    const offers = descending.slice(index).toReversed();
    assert.equal(negotiateMediaType(accept, offers), descending[index]);
  }
});

test("negotiateMediaType leaves equals in the server's order", () => {
  const offers = ["application/json", "text/html"];
  assert.equal(negotiateMediaType("text/html, application/json", offers), "application/json");
  assert.equal(negotiateMediaType("*/*", offers), "application/json");
  assert.equal(negotiateMediaType("text/html, application/json;q=0.999", offers), "text/html");
});

test("negotiateMediaType takes the first offer when Accept is absent, empty or unreadable", () => {
  for (const accept of [undefined, "", "nonsense", "text/html;q=7"]) {
    assert.equal(negotiateMediaType(accept, ["text/html", "text/plain"]), "text/html");
  }
  assert.equal(negotiateMediaType(undefined, []), undefined);
});

test("negotiateMediaType never chooses what has the weight 0", () => {
  assert.equal(negotiateMediaType("text/html;q=0, */*", ["text/html", "image/png"]), "image/png");
  assert.equal(negotiateMediaType("text/html;q=0, */*", ["text/html"]), undefined);
  assert.equal(negotiateMediaType("*/*;q=0.0", ["text/html"]), undefined);
});

test("negotiateMediaType finds nothing where no range matches", () => {
  assert.equal(negotiateMediaType("image/*", ["text/html", "application/json"]), undefined);
});

test("negotiateMediaType ignores case in types, names and q, and reads quoted parameters", () => {
  assert.equal(negotiateMediaType("TEXT/html;Q=0.5, Image/*;q=0.1", ["image/png", "text/HTML"]), "text/HTML");
  assert.equal(
    negotiateMediaType('text/html;a="x,y;q=0"', ["text/plain", 'text/html;a="x,y;q=0"'])?.slice(0, 9),
    "text/html",
  );
});

test("negotiateMediaType reads on past malformed elements", () => {
  const java = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2";
  assert.equal(negotiateMediaType(java, ["application/json", "text/html"]), "text/html");
  assert.equal(negotiateMediaType("*/html, text/plain", ["text/html", "text/plain"]), "text/plain");
});

test("parseAccept leaves malformed elements out", () => {
  assert.deepEqual(parseAccept("*/html, text, text/html;q=2, text/html;a, (x)/y"), []);
});

test("negotiateMediaType ignores what follows the weight", () => {
  assert.equal(negotiateMediaType("text/html;q=0.5;level=1", ["text/html"]), "text/html");
});

test("negotiateMediaType throws when an offer is not a media type", () => {
  assert.throws(() => negotiateMediaType("text/html", ["html"]), /Cannot offer "html"/);
});

test("A browser gets HTML and a program gets JSON", () => {
  const offers = ["application/problem+json", "text/html"];
  const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
  assert.equal(negotiateMediaType(browser, offers), "text/html");
  assert.equal(negotiateMediaType("application/json, */*;q=0.1", offers), "application/problem+json");
});

test("negotiateMediaType gives an offer or nothing for any text", () => {
  const offers = ["text/html", "application/json", "image/png;a=b"];
  fc.assert(
    fc.property(near("text/html", "*/*", ";q=0.5", ";a=b", "image/*"), (text) => {
      const chosen = negotiateMediaType(text, offers);
      assert.ok(chosen === undefined || offers.includes(chosen));
      for (const { weight } of parseAccept(text)) assert.ok(weight >= 0 && weight <= 1000);
    }),
  );
});
