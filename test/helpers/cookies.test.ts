import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { cookies, deleteCookie, setCookie } from "../../src/helpers/cookies.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";

function withCookies(value: string): Request {
  return new Request("http://example.com/", { headers: { cookie: value } });
}

describe("Kvarn helper API: cookies as typed values", () => {
  test("They are read by name, each value of a name in order", () => {
    const pairs = cookies(withCookies("a=1; b=two%20words; a=2; c=100%; __proto__=x"));
    assert.equal(pairs.get("a"), "1");
    assert.deepEqual(pairs.getAll("a"), ["1", "2"]);
    assert.equal(pairs.get("b"), "two words");
    assert.equal(pairs.get("c"), "100%");
    assert.equal(pairs.get("__proto__"), "x");
    assert.equal(pairs.get("none"), undefined);
    assert.equal(cookies(new Request("http://example.com/")).size, 0);
  });

  test("They are set with safe attributes unless the caller has others", () => {
    const response = new Response();
    setCookie(response, "a", "1");
    setCookie(response, "b", "2", { path: "/x", httpOnly: false, sameSite: "strict", secure: true, maxAge: 60 });
    assert.deepEqual(response.headers.getSetCookie(), [
      "a=1; Path=/; HttpOnly; SameSite=Lax",
      "b=2; Max-Age=60; Path=/x; Secure; SameSite=Strict",
    ]);
  });

  test("Setting one again replaces it and leaves the others", () => {
    const response = new Response();
    setCookie(response, "a", "1");
    setCookie(response, "ab", "2");
    setCookie(response, "a", "3");
    assert.deepEqual(
      response.headers.getSetCookie().map((line) => line.split(";", 1)[0]),
      ["ab=2", "a=3"],
    );
  });

  test("Deleting one makes the user agent forget it", () => {
    const response = new Response();
    deleteCookie(response, "__Host-a", { secure: true });
    assert.deepEqual(response.headers.getSetCookie(), [
      "__Host-a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax",
    ]);
  });

  test("What user agents would refuse is an error", () => {
    assert.throws(() => setCookie(new Response(), "a b", "1"), TypeError);
    assert.throws(() => setCookie(new Response(), "__Host-a", "1"), TypeError);
    assert.throws(() => setCookie(new Response(), "a", "1", { sameSite: "none" }), TypeError);
  });

  test("Any value comes back as it was set", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), (value) => {
        const response = new Response();
        setCookie(response, "a", value);
        const [line = ""] = response.headers.getSetCookie();
        assert.match(line, /^a=[\x21-\x7e]*; Path=\/; HttpOnly; SameSite=Lax$/);
        assert.equal(cookies(withCookies(line.split("; ", 1)[0]!)).get("a"), value.toWellFormed());
      }),
      { examples: [["100%25"], ['a,b;c d"e\\'], ["é🎉"]] },
    );
  });
});
