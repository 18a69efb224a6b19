import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatChallenge,
  parseBasic,
  parseBearer,
  parseChallenges,
  parseCredentials,
} from "../../src/fields/authorization.ts";
import { near, quotable, token } from "./arbitraries.ts";

const basic = (text: string | Uint8Array): string => `Basic ${Buffer.from(text).toString("base64")}`;

test("parseBasic reads the examples of RFC 7617", () => {
  assert.deepEqual(parseBasic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), { user: "Aladdin", password: "open sesame" });
  assert.deepEqual(parseBasic("Basic dGVzdDoxMjPCow=="), { user: "test", password: "123£" });
  assert.deepEqual(parseBasic("bASIC  QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), { user: "Aladdin", password: "open sesame" });
});

test("parseBasic ends the user at the first colon", () => {
  assert.deepEqual(parseBasic(basic("a:b:c")), { user: "a", password: "b:c" });
  assert.deepEqual(parseBasic(basic(":")), { user: "", password: "" });
});

test("parseBasic refuses what is no user with password in UTF-8", () => {
  const values = [
    null,
    "",
    "Basic",
    "Basic ",
    "Bearer YTpi",
    basic("no colon"),
    basic("a:b\u0000"),
    basic("a\u007f:b"),
    basic(Uint8Array.of(0x61, 0x3a, 0xff)),
    "Basic YTpi YTpi",
    "Basic YTpi, Basic YTpi",
    "Basic YTp",
    "Basic YTpi=",
    "Basic YT-i",
    "Basic a=b",
    "BasicYTpi",
    " ,Basic\tYTpi",
  ];
  for (const value of values) assert.equal(parseBasic(value), undefined, String(value));
});

test("parseBasic gives back any user and password", () => {
  const text = fc.string({ unit: "grapheme" }).filter((part) => !/\p{Cc}/u.test(part));
  fc.assert(
    fc.property(text, text, (name, password) => {
      const user = name.replaceAll(":", "");
      assert.deepEqual(parseBasic(basic(`${user}:${password}`)), { user, password });
    }),
  );
});

test("parseBearer gives the token as it came", () => {
  assert.equal(parseBearer("Bearer mF_9.B5f-4.1JqM~+/=="), "mF_9.B5f-4.1JqM~+/==");
  assert.equal(parseBearer("BEARER x"), "x");
  for (const value of [null, "", "Bearer", "Basic x", "Bearer a b", "Bearer a,b", 'Bearer "x"', "Bearer ü"]) {
    assert.equal(parseBearer(value), undefined, String(value));
  }
});

test("parseCredentials reads parameters, names in lower case", () => {
  const credentials = parseCredentials('Digest Username="Mufasa, \\"x\\"" , qop = auth,nc=00000001');
  assert.equal(credentials?.scheme, "digest");
  assert.equal(credentials.token68, undefined);
  assert.deepEqual(
    [...credentials.parameters],
    [
      ["username", 'Mufasa, "x"'],
      ["qop", "auth"],
      ["nc", "00000001"],
    ],
  );
});

test("parseCredentials refuses two of a name and what is no pair", () => {
  for (const value of ["Digest a=1, a=2", "Digest a=1 b=2", 'Digest a="1', "Digest a=1, =2", "Digest a=,b=1", "=a"]) {
    assert.equal(parseCredentials(value), undefined, value);
  }
});

test("parseChallenges tells the commas of parameters from those of challenges", () => {
  const challenges = parseChallenges('Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"');
  assert.deepEqual(
    challenges?.map(({ scheme, parameters }) => [scheme, ...parameters]),
    [
      ["newauth", ["realm", "apps"], ["type", "1"], ["title", 'Login to "apps"']],
      ["basic", ["realm", "simple"]],
    ],
  );
  assert.deepEqual(
    parseChallenges("Negotiate, Negotiate abc==, NTLM")?.map(({ scheme, token68 }) => [scheme, token68]),
    [
      ["negotiate", undefined],
      ["negotiate", "abc=="],
      ["ntlm", undefined],
    ],
  );
  assert.deepEqual(parseChallenges(""), []);
  assert.equal(parseChallenges('Basic realm="a" Digest'), undefined);
});

test("formatChallenge quotes what has to be quoted, and the realm always", () => {
  assert.equal(
    formatChallenge("Basic", { realm: "staff", charset: "UTF-8", title: "a b" }),
    'Basic realm="staff", charset=UTF-8, title="a b"',
  );
  assert.equal(formatChallenge("Negotiate", {}), "Negotiate");
  assert.throws(() => formatChallenge("Basic", { realm: "a\r\nb" }), TypeError);
});

test("parseChallenges reads what formatChallenge writes", () => {
  const parameters = fc.dictionary(
    token.map((name) => `x${name.toLowerCase()}`),
    quotable,
    { maxKeys: 3, noNullPrototype: true },
  );
  fc.assert(
    fc.property(parameters, parameters, (first, second) => {
      const value = `${formatChallenge("A", first)}, ${formatChallenge("B", second)}`;
      const parsed = parseChallenges(value)?.map(({ scheme, parameters: found }) => [
        scheme,
        Object.fromEntries(found),
      ]);
      assert.deepEqual(parsed, [
        ["a", first],
        ["b", second],
      ]);
    }),
  );
});

test("parseCredentials gives one scheme with a token or with parameters for any text", () => {
  fc.assert(
    fc.property(near("Basic ", "realm=", '"x"', "abc==", ", "), (text) => {
      const credentials = parseCredentials(text);
      if (credentials === undefined) return;
      assert.match(credentials.scheme, /^[^A-Z ,=]+$/);
      assert.ok(credentials.token68 === undefined || credentials.parameters.size === 0);
    }),
  );
});
