import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CidrList } from "../../src/fields/cidr-list.ts";
import { clientAddress, parseForwarded, parseForwardedFor } from "../../src/fields/forwarded.ts";
import { near } from "./arbitraries.ts";

const TRUSTED = new CidrList(["10.0.0.0/8", "::1"]);

function client(peer: string, forwardedFor: string): string {
  return clientAddress(peer, parseForwardedFor(forwardedFor), TRUSTED);
}

function forNodes(value: string): [string, number][] {
  return parseForwarded(value).map((element) => [element.for.address, element.for.port]);
}

test("parseForwarded reads the examples of RFC 7239 §4", () => {
  assert.deepEqual(forNodes('for="_gazonk"'), [["_gazonk", -1]]);
  assert.deepEqual(forNodes('For="[2001:db8:cafe::17]:4711"'), [["2001:db8:cafe::17", 4711]]);
  assert.deepEqual(forNodes("for=192.0.2.43, for=198.51.100.17"), [
    ["192.0.2.43", -1],
    ["198.51.100.17", -1],
  ]);
  assert.deepEqual(parseForwarded('for=192.0.2.60;proto=HTTP;by=203.0.113.43;host="a.example:80"'), [
    {
      for: { address: "192.0.2.60", port: -1 },
      by: { address: "203.0.113.43", port: -1 },
      host: "a.example:80",
      proto: "http",
    },
  ]);
});

test("parseForwarded reads nodes of RFC 7239 §6", () => {
  assert.deepEqual(forNodes('for="192.0.2.43:47011"'), [["192.0.2.43", 47011]]);
  assert.deepEqual(forNodes('for="[2001:DB8::1]"'), [["2001:db8::1", -1]]);
  assert.deepEqual(forNodes('for="192.0.2.43:_port"'), [["192.0.2.43", -1]]);
  assert.deepEqual(forNodes("for=unknown, for=_SEVKISEK, proto=http"), [
    ["unknown", -1],
    ["_SEVKISEK", -1],
    ["unknown", -1],
  ]);
});

test("parseForwarded passes over empty pairs and takes short names and the last port", () => {
  assert.deepEqual(forNodes('for="_a:65535";;proto=http; ;by=_b'), [["_a", 65_535]]);
});

test("parseForwarded knows nothing of a node that is malformed", () => {
  for (const node of [
    '"2001:db8::1"',
    '"[2001:db8::1"',
    '"[::1]x"',
    '"1.2.3.4:99999"',
    "1.2.3.999",
    "_",
    '"_a b"',
    '""',
  ]) {
    assert.deepEqual(forNodes(`for=${node}`), [["unknown", -1]], node);
  }
});

test("parseForwarded takes a field that is malformed anywhere for one element that knows nothing", () => {
  const wrong = [
    "for=1.2.3.4;for=5.6.7.8",
    "for",
    "for=",
    'for="1.2.3.4',
    "for = 1.2.3.4",
    "x y, for=1.2.3.4",
    "for=1.2.3.4 x",
    ";",
    ";, for=1.2.3.4",
  ];
  for (const value of wrong) assert.deepEqual(forNodes(value), [["unknown", -1]], value);
});

test("parseForwardedFor reads addresses with and without brackets and ports", () => {
  assert.deepEqual(
    parseForwardedFor("203.0.113.195, 2001:DB8::1,[2001:db8::2]:8080 , 192.0.2.1:90,, ::ffff:192.0.2.2").map(
      ({ address, port }) => [address, port],
    ),
    [
      ["203.0.113.195", -1],
      ["2001:db8::1", -1],
      ["2001:db8::2", 8080],
      ["192.0.2.1", 90],
      ["192.0.2.2", -1],
    ],
  );
});

test("parseForwardedFor calls unknown what is no address", () => {
  const nodes = parseForwardedFor("evil, 1.2.3.4.5, 1.2.3.4:port, [::1, 1.2.3.4\u00a0, unknown");
  assert.deepEqual(new Set(nodes.map(({ address }) => address)), new Set(["unknown"]));
  assert.equal(nodes.length, 6);
});

test("clientAddress believes nobody but a trusted peer", () => {
  assert.equal(client("203.0.113.9", "1.2.3.4"), "203.0.113.9");
  assert.equal(client("10.0.0.1", "1.2.3.4"), "1.2.3.4");
  assert.equal(client("::ffff:10.0.0.1", "1.2.3.4"), "1.2.3.4");
  assert.equal(client("10.0.0.1", ""), "10.0.0.1");
});

test("clientAddress goes from right to left and stops at the first address that is not trusted", () => {
  assert.equal(client("10.0.0.1", "1.1.1.1, 2.2.2.2, 10.0.0.3, 10.0.0.2"), "2.2.2.2");
  assert.equal(client("10.0.0.1", "10.9.9.9, 2.2.2.2"), "2.2.2.2", "a client that claims to be a proxy");
  assert.equal(client("10.0.0.1", "10.0.0.3, 10.0.0.2"), "10.0.0.3", "all are trusted");
});

test("clientAddress does not lend the address of a trusted proxy to a client that nobody knows", () => {
  assert.equal(client("10.0.0.1", "evil"), "unknown");
  assert.equal(client("10.0.0.1", "2.2.2.2, garbage, 10.0.0.2"), "unknown");
  assert.equal(client("10.0.0.1", "garbage, 2.2.2.2, 10.0.0.2"), "2.2.2.2");
  const hidden = parseForwarded('for="unclosed, for=2.2.2.2').map((element) => element.for);
  assert.equal(clientAddress("10.0.0.1", hidden, TRUSTED), "unknown");
  assert.ok(!TRUSTED.has("unknown"));
});

test("clientAddress is what the last trusted proxy appended, whatever the client sent before it", () => {
  fc.assert(
    fc.property(
      near("10.0.0.1", "1.2.3.4", "::1", "for="),
      fc.ipV4().filter((ip) => !ip.startsWith("10.")),
      (sent, ip) => {
        assert.equal(client("10.0.0.1", `${sent}, ${ip}, 10.0.0.2`), ip);
      },
    ),
  );
});

test("Forwarded fields never throw", () => {
  fc.assert(
    fc.property(near("for=", '"[::1]:80"', "1.2.3.4", "by=", "_x"), (text) => {
      for (const node of [...parseForwarded(text).map((element) => element.for), ...parseForwardedFor(text)]) {
        assert.ok(node.port >= -1 && node.port <= 65_535);
        assert.notEqual(node.address, "");
      }
    }),
  );
});
