import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { negotiateLanguage, parseAcceptLanguage } from "../../src/fields/accept-language.ts";
import { near } from "./arbitraries.ts";

test("negotiateLanguage reads the example of RFC 9110 §12.5.4", () => {
  const accept = "da, en-gb;q=0.8, en;q=0.7";
  assert.equal(negotiateLanguage(accept, ["en", "en-GB", "da"]), "da");
  assert.equal(negotiateLanguage(accept, ["en", "en-GB"]), "en-GB");
  assert.equal(negotiateLanguage(accept, ["en-US"]), "en-US");
  assert.equal(negotiateLanguage(accept, ["fr"]), undefined);
});

test("negotiateLanguage cuts subtags off a range until an offer is found", () => {
  assert.equal(negotiateLanguage("zh-Hant-CN-x-private1-private2", ["zh", "en"]), "zh");
  assert.equal(negotiateLanguage("de-CH-1996, en;q=0.5", ["en", "de"]), "de");
  assert.equal(negotiateLanguage("de-CH", ["de-AT"]), undefined);
  assert.equal(negotiateLanguage("en-GB, fr;q=0.9", ["fr", "en"]), "en");
});

test("negotiateLanguage cuts off no more subtags than it has to", () => {
  assert.equal(negotiateLanguage("en-GB;q=0.8", ["en", "en-GB"]), "en-GB");
  assert.equal(negotiateLanguage("zh-Hant-TW", ["zh", "zh-Hant"]), "zh-Hant");
  const long = `en${"-a".repeat(300)}`;
  assert.equal(negotiateLanguage(`${long};q=0.002, fr;q=0.001`, ["fr", "en"]), "en");
});

test("negotiateLanguage compares whole subtags", () => {
  assert.equal(negotiateLanguage("en", ["eng"]), undefined);
  assert.equal(negotiateLanguage("eng", ["en"]), undefined);
});

test("negotiateLanguage never gives a language that is refused by name", () => {
  assert.equal(negotiateLanguage("en;q=0, *", ["en", "en-GB", "fr"]), "fr");
  assert.equal(negotiateLanguage("en-GB;q=0, en", ["en-GB", "en-US"]), "en-US");
  assert.equal(negotiateLanguage("en-GB;q=0, *", ["en-GB", "en"]), "en", "only that English is refused");
});

test("negotiateLanguage uses the asterisk for languages that nothing else names", () => {
  assert.equal(negotiateLanguage("*", ["sv", "en"]), "sv");
  assert.equal(negotiateLanguage("en;q=0.5, *;q=0.8", ["en", "sv"]), "sv");
});

test("negotiateLanguage leaves equals in the server's order", () => {
  assert.equal(negotiateLanguage("fr, en", ["en", "fr"]), "en");
});

test("negotiateLanguage takes the first offer when the field is absent or unreadable", () => {
  for (const accept of [undefined, "", "???", "en_GB"]) assert.equal(negotiateLanguage(accept, ["sv", "en"]), "sv");
});

test("parseAcceptLanguage leaves malformed ranges out", () => {
  assert.deepEqual(
    parseAcceptLanguage(
      "EN-gb;q=0.8, de-1901-abcdefgh, en;q=0.5 x, e1, -en, en-, en--gb, toolonglanguage, *-x, 1, *;q=0.1",
    ),
    [
      { range: "en-gb", weight: 800 },
      { range: "de-1901-abcdefgh", weight: 1000 },
      { range: "*", weight: 100 },
    ],
  );
});

test("negotiateLanguage gives an offer or nothing for any text", () => {
  const offers = ["en", "en-GB", "de"];
  fc.assert(
    fc.property(near("en", "en-gb", "de-ch", "*", ";q=0", ";q=0.5"), (text) => {
      const chosen = negotiateLanguage(text, offers);
      assert.ok(chosen === undefined || offers.includes(chosen));
    }),
  );
});
