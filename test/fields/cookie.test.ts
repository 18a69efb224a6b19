import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatSetCookie, parseCookies } from "../../src/fields/cookie.ts";
import type { CookieAttributes } from "../../src/fields/cookie.ts";
import { anyText, near, token } from "./arbitraries.ts";

const SECURE: CookieAttributes = { secure: true, path: "/" };

const cookieValue = fc.string({
  unit: fc
    .integer({ min: 0x21, max: 0x7e })
    .map((code) => String.fromCharCode(code))
    .filter((character) => !'",;\\'.includes(character)),
});

test("parseCookies reads the example of RFC 6265 §3.1", () => {
  const cookies = parseCookies("SID=31d4d96e407aad42; lang=en-US");
  assert.equal(cookies.get("SID"), "31d4d96e407aad42");
  assert.equal(cookies.get("lang"), "en-US");
  assert.equal(cookies.get("sid"), undefined, "names have case");
  assert.equal(cookies.size, 2);
});

test("parseCookies gives the first of doubled cookies, and all when asked", () => {
  const cookies = parseCookies("a=1; b=2; a=3");
  assert.equal(cookies.get("a"), "1");
  assert.deepEqual(cookies.getAll("a"), ["1", "3"]);
});

test("parseCookies keeps values as they are", () => {
  const cookies = parseCookies('a="quoted"; b=x=y=z; c=; d=%20; e=with space ;f=\t1\t');
  assert.deepEqual(
    [...cookies].map(([, value]) => value),
    ['"quoted"', "x=y=z", "", "%20", "with space", "1"],
  );
});

test("parseCookies leaves out what has no equals sign or no token for a name", () => {
  assert.deepEqual([...parseCookies("alone; =nameless; a b=1; ;; (x)=1; ok=1")], [["ok", "1"]]);
});

test("parseCookies lets no other space hide in front of a prefixed name", () => {
  for (const space of ["\u00a0", "\u2003", "\ufeff", "\v"]) {
    assert.equal(parseCookies(`${space}__Host-id=evil; a=1`).get("__Host-id"), undefined);
  }
});

test("Cookies with the names of object properties are ordinary", () => {
  assert.equal(parseCookies("__proto__=1").get("__proto__"), "1");
  assert.equal(parseCookies("a=1").get("constructor"), undefined);
});

test("parseCookies reads 1000 cookies and says when there were more", () => {
  const field = Array.from({ length: 1000 }, () => "a=1").join(";");
  assert.equal(parseCookies(field).truncated, false);
  const more = parseCookies(`${field};b=1`);
  assert.deepEqual([more.size, more.truncated, more.has("b")], [1000, true, false]);
});

test("parseCookies of an absent field is empty and makes nothing", () => {
  assert.equal(parseCookies(undefined).size, 0);
  assert.equal(parseCookies(undefined), parseCookies(undefined));
});

test("formatSetCookie writes every attribute", () => {
  const text = formatSetCookie("id", "a3fWa", {
    maxAge: 2_592_000,
    expires: new Date(Date.UTC(2026, 9, 21, 7, 28)),
    path: "/docs",
    domain: "example.com",
    secure: true,
    httpOnly: true,
    sameSite: "none",
    partitioned: true,
  });
  assert.equal(
    text,
    "id=a3fWa; Max-Age=2592000; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/docs; Domain=example.com; " +
      "Secure; HttpOnly; SameSite=None; Partitioned",
  );
  assert.equal(formatSetCookie("id", ""), "id=");
  assert.equal(formatSetCookie("id", '""', { path: "/a b~" }), 'id=""; Path=/a b~');
  for (const domain of ["a-b.example", "AZ09.zz", `${"a".repeat(63)}.example`, `${"a.".repeat(126)}a`]) {
    assert.equal(formatSetCookie("id", "", { domain }), `id=; Domain=${domain}`);
  }
  assert.equal(
    formatSetCookie("id", "", { maxAge: 0, expires: 0 }),
    "id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
  );
  assert.equal(formatSetCookie("id", '"q"', { secure: false, sameSite: "lax" }), 'id="q"; SameSite=Lax');
});

test("formatSetCookie throws on names that are not tokens and values that no cookie can carry", () => {
  for (const name of ["", "a b", "a=b", "a;b", "a\r\nb", "é", "a,b"]) {
    assert.throws(() => formatSetCookie(name, "x"), TypeError, name);
  }
  for (const value of [" ", "a b", "a,b", "a;b", 'a"b', '"a', '"', "a\\b", "a\r\nb", "\0", "\x7f", "é", "€"]) {
    assert.throws(() => formatSetCookie("a", value), TypeError, JSON.stringify(value));
  }
});

test("formatSetCookie throws on attributes that are invalid", () => {
  const invalid: CookieAttributes[] = [
    { maxAge: 1.5 },
    { maxAge: -1 },
    { maxAge: NaN },
    { maxAge: Infinity },
    { expires: new Date(NaN) },
    { expires: NaN },
    { path: "" },
    { path: "docs" },
    { path: "/a;Domain=evil.example" },
    { path: "/\r\nSet-Cookie: x=y" },
    { path: "/é" },
    { path: "/\x7f" },
    { path: "/\x1f" },
    { domain: "" },
    { domain: ".example.com" },
    { domain: "example.com." },
    { domain: "a b" },
    { domain: "-a.example" },
    { domain: "a-.example" },
    { domain: "a..example" },
    { domain: "a_b.example" },
    { domain: "a{b.example" },
    { domain: "a[b.example" },
    { domain: "a@b.example" },
    { domain: `${"a".repeat(64)}.example` },
    { domain: `${"a.".repeat(126)}aa` },
    { domain: "a;Path=/" },
    { domain: "exämple.com" },
    { sameSite: "Strict; x" as "strict" },
    { sameSite: "constructor" as "strict" },
  ];
  for (const attributes of invalid) {
    assert.throws(() => formatSetCookie("a", "b", attributes), TypeError, JSON.stringify(attributes));
  }
});

test("formatSetCookie holds __Host- cookies to secure, path / and no domain", () => {
  assert.equal(formatSetCookie("__Host-id", "1", SECURE), "__Host-id=1; Path=/; Secure");
  for (const name of ["__Host-id", "__host-id", "__HOST-id"]) {
    assert.throws(() => formatSetCookie(name, "1", { path: "/" }), /needs secure/);
    assert.throws(() => formatSetCookie(name, "1", { secure: true }), /needs path/);
    assert.throws(() => formatSetCookie(name, "1", { secure: true, path: "/a" }), /needs path/);
    assert.throws(() => formatSetCookie(name, "1", { ...SECURE, domain: "example.com" }), /no domain/);
  }
});

test("formatSetCookie holds __Secure- cookies, SameSite=None and Partitioned to secure", () => {
  assert.equal(formatSetCookie("__Secure-id", "1", { secure: true }), "__Secure-id=1; Secure");
  for (const name of ["__Secure-id", "__secure-id"]) assert.throws(() => formatSetCookie(name, "1"), /needs secure/);
  assert.throws(() => formatSetCookie("a", "1", { sameSite: "none" }), /needs secure/);
  assert.throws(() => formatSetCookie("a", "1", { partitioned: true }), /needs secure/);
});

test("formatSetCookie throws on a cookie that user agents would drop for its size", () => {
  assert.ok(formatSetCookie("a", "x".repeat(4095)));
  assert.throws(() => formatSetCookie("a", "x".repeat(4096)), /longer than 4096/);
});

test("parseCookies reads back what formatSetCookie wrote", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          token.map((name) => `n${name}`),
          cookieValue,
        ),
        { maxLength: 5 },
      ),
      (pairs) => {
        const field = pairs.map(([name, value]) => formatSetCookie(name, value)).join("; ");
        assert.deepEqual([...parseCookies(field)], pairs);
      },
    ),
  );
});

test("formatSetCookie writes visible ASCII without a second attribute or throws, for any text", () => {
  const text = fc.oneof(anyText(10), near("a", ";", "\r\n", "Domain=x"));
  fc.assert(
    fc.property(text, text, text, (name, value, path) => {
      let cookie: string;
      try {
        cookie = formatSetCookie(name, value, { path });
      } catch (error) {
        assert.ok(error instanceof TypeError);
        return;
      }
      assert.match(cookie, /^[ -~]*$/);
      assert.equal(cookie.split(";").length, 2);
    }),
  );
});

test("parseCookies never throws", () => {
  fc.assert(
    fc.property(near("a=1", "; ", "__Host-a=1"), (text) => {
      for (const [name] of parseCookies(text)) assert.ok(parseCookies(text).has(name));
    }),
  );
});
