import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { CidrList } from "../../src/fields/cidr-list.ts";
import { near } from "./arbitraries.ts";

test("CidrList holds the addresses of its blocks and no others", () => {
  const list = new CidrList(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"]);
  for (const address of ["10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8:ffff::", "2001:DB8::1", "::1"]) {
    assert.ok(list.has(address), address);
  }
  for (const address of ["9.255.255.255", "11.0.0.0", "192.0.2.8", "2001:db9::", "::2", "::"]) {
    assert.ok(!list.has(address), address);
  }
});

test("CidrList knows an IPv4 address that IPv6 maps", () => {
  const list = new CidrList(["10.0.0.0/8"]);
  assert.ok(list.has("::ffff:10.1.2.3"));
  assert.ok(list.has("::FFFF:0a01:0203"));
  assert.ok(!list.has("::ffff:11.1.2.3"));
  assert.ok(!list.has("::10.1.2.3"), "IPv4-compatible is not IPv4-mapped");
  assert.ok(!list.has("1::ffff:10.1.2.3"));
  const mapped = new CidrList(["::ffff:10.0.0.0/104"]);
  assert.ok(mapped.has("10.9.9.9") && !mapped.has("11.0.0.0"));
  assert.ok(new CidrList(["::ffff:0:0/96"]).has("203.0.113.1"));
});

test("CidrList keeps the two families apart", () => {
  assert.ok(!new CidrList(["::/0"]).has("10.0.0.1"));
  assert.ok(!new CidrList(["::/0"]).has("::ffff:10.0.0.1"));
  assert.ok(!new CidrList(["0.0.0.0/0"]).has("::1"));
});

test("CidrList takes prefixes of every length", () => {
  assert.ok(new CidrList(["0.0.0.0/0"]).has("255.255.255.255"));
  assert.ok(new CidrList(["128.0.0.0/1"]).has("200.0.0.1"));
  assert.ok(!new CidrList(["128.0.0.0/1"]).has("127.255.255.255"));
  assert.ok(new CidrList(["255.255.255.255/32"]).has("255.255.255.255"));
  assert.ok(new CidrList(["::/0"]).has("fe80::1"));
  assert.ok(new CidrList(["fe80::/10"]).has("febf::1%eth0"), "a zone is left aside");
  assert.ok(!new CidrList(["fe80::/10"]).has("fec0::1"));
});

test("CidrList throws on what is no block", () => {
  const wrong = [
    "",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0.0/ 8",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "010.0.0.0/8",
    "256.0.0.0/8",
    "::/129",
    ":::/8",
    "[::1]",
    "::1%eth0",
    "localhost",
  ];
  for (const block of wrong) assert.throws(() => new CidrList([block]), TypeError, block);
});

test("CidrList throws on bits after the prefix and says what was meant", () => {
  assert.throws(() => new CidrList(["10.1.2.3/8"]), /did you mean 10\.0\.0\.0\/8\?/);
  assert.throws(() => new CidrList(["192.168.1.1/24"]), /did you mean 192\.168\.1\.0\/24\?/);
  assert.throws(() => new CidrList(["2001:db8::1/64"]), /bits after its prefix/);
});

test("CidrList agrees with net.BlockList on IPv4", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), (base, length, address) => {
      const octets = base.split(".").map((octet, index) => {
        const kept = Math.min(Math.max(length - 8 * index, 0), 8);
        return Math.trunc(+octet) & (0xff << (8 - kept));
      });
      const network = octets.join(".");
      const blocks = new BlockList();
      blocks.addSubnet(network, length, "ipv4");
      const list = new CidrList([`${network}/${length}`]);
      for (const one of [address, base, network]) assert.equal(list.has(one), blocks.check(one, "ipv4"), one);
    }),
  );
});

test("CidrList agrees with net.BlockList on IPv6", () => {
  const v6 = fc.ipV6().filter((address) => !address.includes("."));
  fc.assert(
    fc.property(v6, v6, fc.integer({ min: 1, max: 8 }), (address, other, groups) => {
      const network = `${["2001", "db8", "0", "a", "b", "c", "d", "e"].slice(0, groups).join(":")}${groups === 8 ? "" : "::"}`;
      const blocks = new BlockList();
      blocks.addSubnet(network, 16 * groups, "ipv6");
      const list = new CidrList([`${network}/${16 * groups}`]);
      for (const one of [address, other, network, "2001:db8::a:b", "2001:db8:0:a::1"]) {
        assert.equal(list.has(one), blocks.check(one, "ipv6"), one);
      }
    }),
  );
});

test("CidrList holds nothing that is no address, and never throws", () => {
  const list = new CidrList(["0.0.0.0/0", "::/0"]);
  for (const text of [
    "",
    "unknown",
    "10.0.0.1 ",
    " 10.0.0.1",
    "10.0.0.1:80",
    "[::1]",
    "1.2.3",
    "::1%",
    "\u0661.0.0.1",
  ]) {
    assert.equal(list.has(text), text === "::1%", JSON.stringify(text));
  }
  fc.assert(fc.property(near("10.0.0.1", "::", "ffff:"), (text) => void list.has(text)));
});
