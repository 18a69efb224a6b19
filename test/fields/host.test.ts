import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseHost } from "../../src/fields/host.ts";
import { near } from "./arbitraries.ts";

test("parseHost reads names, addresses and ports", () => {
  const table: [string, string, number][] = [
    ["a", "a", -1],
    ["example.test:8080", "example.test", 8080],
    ["127.0.0.1", "127.0.0.1", -1],
    ["127.0.0.1:80", "127.0.0.1", 80],
    ["[::1]", "[::1]", -1],
    ["[2001:DB8::1]:443", "[2001:db8::1]", 443],
    ["[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", -1],
    ["a_b.test", "a_b.test", -1],
    ["a!$&'()*+,;=b", "a!$&'()*+,;=b", -1],
    ["a%2Db", "a%2db", -1],
    ["~a-b.c", "~a-b.c", -1],
    ["a:0", "a", 0],
    ["a:65535", "a", 65535],
    ["a:00080", "a", 80],
  ];
  for (const [value, name, port] of table) assert.deepEqual(parseHost(value), { name, port }, value);
});

test("parseHost folds ASCII case and takes the final dot off", () => {
  assert.deepEqual(parseHost("EXAMPLE.Test"), { name: "example.test", port: -1 });
  assert.deepEqual(parseHost("Example.COM.:8080"), { name: "example.com", port: 8080 });
  assert.deepEqual(parseHost("example.com."), { name: "example.com", port: -1 });
});

test("parseHost refuses more than one final dot, so that a name stays what it is when parsed again", () => {
  for (const value of ["..", "a..", "a..:80", "a.b..."]) assert.equal(parseHost(value), undefined, value);
});

test("parseHost takes an empty port for the default port", () => {
  assert.deepEqual(parseHost("a:"), { name: "a", port: -1 });
  assert.deepEqual(parseHost("[::1]:"), { name: "[::1]", port: -1 });
});

test("parseHost refuses every invalid value", () => {
  const names = [
    "",
    ".",
    ":",
    ":80",
    ".:80",
    "a b",
    " a",
    "a ",
    "a\t",
    "a?b",
    "a#b",
    "u@a",
    "u:p@a",
    "a/b",
    "a\\b",
    '"a"',
  ];
  const ports = [
    "a:http",
    "a:-1",
    "a:+1",
    "a:1:2",
    "a::1",
    "a :80",
    "a: 80",
    "a:80 ",
    "a:65536",
    "a:99999",
    "a:0x50",
    "a:8\u0660",
  ];
  const literals = [
    "::1",
    "::1]",
    "[::1",
    "[abc]z:1",
    "[]",
    "[:]",
    "[::1]a",
    "[::1]]",
    "[[::1]]",
    "[1.2.3.4]",
    "[v1.x]",
    "[::1%25lo]",
  ];
  const percents = ["a%zz", "a%", "a%4", "%", "a%4g", "a%g4", "[::1]%41"];
  const characters = [
    "a\0",
    "a\x01",
    "a\r\nb",
    "é",
    "a\u00a0",
    "\u212a",
    "a{b}",
    "a|b",
    "a^b",
    "a`b",
    "<a>",
    "\u0161",
    "\u{1f600}",
  ];
  for (const value of [...names, ...ports, ...literals, ...percents, ...characters]) {
    assert.equal(parseHost(value), undefined, JSON.stringify(value));
  }
});

test("parseHost refuses a port of any length above 65535", () => {
  assert.equal(parseHost(`a:${"9".repeat(5000)}`), undefined);
  assert.equal(parseHost("a:18446744073709551696"), undefined, "not 80 wrapped around");
});

test("parseHost gives the same for what it has given, for any text", () => {
  fc.assert(
    fc.property(near("example", ".", "[::1]", ":80", "%41", "A"), (text) => {
      const host = parseHost(text);
      if (host === undefined) return;
      assert.match(host.name, /^(?:\[[0-9a-f:.]+\]|(?:[-._~!$&'()*+,;=0-9a-z]|%[0-9a-f]{2})+)$/);
      assert.ok(host.port >= -1 && host.port <= 65_535);
      const again = parseHost(host.port === -1 ? host.name : `${host.name}:${host.port}`);
      assert.equal(again?.port, host.port);
      assert.equal(again?.name, host.name);
    }),
    { numRuns: 500 },
  );
});

test("parseHost takes the authority of every valid domain", () => {
  fc.assert(
    fc.property(fc.domain(), fc.integer({ min: 0, max: 65_535 }), (name, port) => {
      assert.deepEqual(parseHost(`${name}:${port}`), { name, port });
    }),
  );
});
