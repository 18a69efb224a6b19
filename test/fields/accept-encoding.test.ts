import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { negotiateEncoding, weightOfCoding } from "../../src/fields/accept-encoding.ts";
import { near } from "./arbitraries.ts";

const OFFERS = ["br", "zstd", "gzip"];

test("negotiateEncoding reads the examples of RFC 9110 §12.5.3", () => {
  assert.equal(negotiateEncoding("compress, gzip", OFFERS), "gzip");
  assert.equal(negotiateEncoding("", OFFERS), "identity");
  assert.equal(negotiateEncoding("*", OFFERS), "br");
  assert.equal(negotiateEncoding("compress;q=0.5, gzip;q=1.0", OFFERS), "gzip");
  assert.equal(negotiateEncoding("gzip;q=1.0, identity; q=0.5, *;q=0", OFFERS), "gzip");
});

test("negotiateEncoding sends the content as it is when nothing was asked for", () => {
  assert.equal(negotiateEncoding(undefined, OFFERS), "identity");
  assert.equal(negotiateEncoding("compress", OFFERS), "identity");
});

test("negotiateEncoding takes the highest weight and leaves equals in the server's order", () => {
  assert.equal(negotiateEncoding("gzip, deflate, br, zstd", OFFERS), "br");
  assert.equal(negotiateEncoding("gzip, br;q=0.9", OFFERS), "gzip");
  assert.equal(negotiateEncoding("gzip;q=0.001", OFFERS), "gzip", "a coding goes before identity that is not named");
});

test("negotiateEncoding prefers identity where the client does", () => {
  assert.equal(negotiateEncoding("identity, gzip;q=0.5", OFFERS), "identity");
  assert.equal(negotiateEncoding("identity;q=0.5, gzip;q=0.5", OFFERS), "gzip");
  assert.equal(negotiateEncoding("*;q=0.5, br;q=0.1, zstd;q=0.1, gzip;q=0.1", OFFERS), "identity");
});

test("negotiateEncoding finds nothing only when identity is refused", () => {
  assert.equal(negotiateEncoding("identity;q=0", OFFERS), undefined);
  assert.equal(negotiateEncoding("*;q=0", OFFERS), undefined);
  assert.equal(negotiateEncoding("gzip;q=0", OFFERS), "identity");
  assert.equal(negotiateEncoding("*;q=0, identity;q=0.1", OFFERS), "identity");
  assert.equal(negotiateEncoding("identity;q=0, gzip", OFFERS), "gzip");
});

test("negotiateEncoding lets a name win over the asterisk, in any order", () => {
  assert.equal(negotiateEncoding("*, br;q=0", OFFERS), "zstd");
  assert.equal(negotiateEncoding("br;q=0, *", OFFERS), "zstd");
});

test("negotiateEncoding ignores case and takes x-gzip for gzip", () => {
  assert.equal(negotiateEncoding("GZIP;Q=0.5", OFFERS), "gzip");
  assert.equal(negotiateEncoding("x-gzip", OFFERS), "gzip");
});

test("negotiateEncoding reads on past malformed elements", () => {
  assert.equal(negotiateEncoding("br;q=2, zstd;l=0.5, gzip;q=0.1, ;q=1", OFFERS), "gzip");
  assert.equal(negotiateEncoding("br;q=, gzip;q=0.5x, zstd\u00a0, br;q=0.5 x, zstd=q=1", OFFERS), "identity");
});

test("negotiateEncoding gives an offer, identity or nothing for any text", () => {
  fc.assert(
    fc.property(near("gzip", "br", "identity", "*", ";q=0", ";q=0.5"), (text) => {
      const chosen = negotiateEncoding(text, OFFERS);
      assert.ok(chosen === undefined || chosen === "identity" || OFFERS.includes(chosen));
      if (chosen === undefined) assert.equal(weightOfCoding(text, "identity"), 0);
      else assert.notEqual(weightOfCoding(text, chosen), 0);
    }),
  );
});
