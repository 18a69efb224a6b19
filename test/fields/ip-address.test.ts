import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4, parseIpv4, parseIpv6 } from "../../src/fields/ip-address.ts";

const groups = new Uint16Array(8);

function parsed(text: string): string | undefined {
  return parseIpv6(text, groups) ? [...groups].map((group) => group.toString(16)).join(":") : undefined;
}

const nearAddress = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc
    .array(fc.constantFrom(":", "::", ".", "0", "1", "ffff", "255", "256", "01", "g", "12345", "1.2.3.4", "a"), {
      maxLength: 17,
    })
    .map((parts) => parts.join("")),
);

test("parseIpv4 gives the number that formatIpv4 writes", () => {
  assert.equal(parseIpv4("192.0.2.1"), 0xc0000201);
  assert.equal(parseIpv4("255.255.255.255"), 0xffffffff);
  fc.assert(fc.property(fc.ipV4(), (text) => assert.equal(formatIpv4(parseIpv4(text)), text)));
});

test("parseIpv4 refuses leading zeros, short forms and other digits", () => {
  for (const text of [
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3.256",
    "1.2.3.-4",
    "0x1.2.3.4",
    "1.2.3.4 ",
    "1..2.3",
  ]) {
    assert.equal(parseIpv4(text), -1, text);
  }
});

test("parseIpv6 reads every form of RFC 4291 §2.2", () => {
  assert.equal(parsed("::"), "0:0:0:0:0:0:0:0");
  assert.equal(parsed("::1"), "0:0:0:0:0:0:0:1");
  assert.equal(parsed("1::"), "1:0:0:0:0:0:0:0");
  assert.equal(parsed("2001:DB8:0:0:8:800:200C:417A"), "2001:db8:0:0:8:800:200c:417a");
  assert.equal(parsed("2001:db8::8:800:200c:417a"), "2001:db8:0:0:8:800:200c:417a");
  assert.equal(parsed("::ffff:129.144.52.38"), "0:0:0:0:0:ffff:8190:3426");
  assert.equal(parsed("1:2:3:4:5:6:1.2.3.4"), "1:2:3:4:5:6:102:304");
  assert.equal(parsed("1::2:3:4:5:6:7"), "1:0:2:3:4:5:6:7");
});

test("parseIpv6 refuses what is broken", () => {
  const wrong = [
    "",
    ":",
    ":::",
    "1",
    "1:",
    ":1",
    "1::2::3",
    "1:::2",
    ":::1",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7",
    "12345::",
    "g::",
  ];
  for (const text of [
    ...wrong,
    "1:2:3:4:5:6:7::8:9",
    "1.2.3.4",
    "::1.2.3",
    "::1.2.3.4:5",
    "::1%eth0",
    "[::1]",
    "::1 ",
  ]) {
    assert.equal(parsed(text), undefined, text);
  }
});

test("Addresses are read in a part of a text, which nothing beside it changes", () => {
  assert.equal(parseIpv4("x1.2.3.45", 1, 8), 0x01020304);
  assert.equal(parseIpv4("1.2.3.4", 0, 6), -1);
  assert.equal(parseIpv4("1.2.3.4", 0, 5), -1);
  assert.ok(parseIpv6("[::12]", groups, 1, 4));
  assert.equal(groups[7], 1);
  assert.ok(parseIpv6("::1.", groups, 0, 3));
  assert.ok(!parseIpv6("::1", groups, 0, 1));
  assert.ok(!parseIpv6("1::", groups, 0, 2));
});

test("parseIpv6 takes two colons for one group of zeros at least", () => {
  for (const text of ["1::2:3:4:5:6:7:8", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "1::2:3:4:5:6:1.2.3.4"]) {
    assert.equal(parsed(text), undefined, text);
  }
  assert.equal(parsed("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0");
  assert.equal(parsed("::2:3:4:5:6:7:8"), "0:2:3:4:5:6:7:8");
});

test("Addresses are those that node:net takes for addresses", () => {
  fc.assert(
    fc.property(nearAddress, (text) => {
      assert.equal(parseIpv4(text) !== -1, isIPv4(text), text);
      // RFC 3986 §3.2.2 wants "::" to stand for one group at least; inet_pton takes it for none.
      const isEmptyGap =
        text.includes("::") && text.split(":").filter(Boolean).length + (text.includes(".") ? 1 : 0) === 8;
      if (!isEmptyGap) assert.equal(parsed(text) !== undefined, isIPv6(text), text);
    }),
    { numRuns: 1000 },
  );
});

test("parseIpv6 gives the groups that URL gives", () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      assert.equal(new URL(`http://[${parsed(text)}]/`).hostname, new URL(`http://[${text}]/`).hostname);
    }),
  );
});
