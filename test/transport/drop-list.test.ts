import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AcceptLimits } from "../../src/transport/accept-limits.ts";
import { DropList } from "../../src/transport/drop-list.ts";
import { networkOf } from "../../src/transport/network.ts";
import { FakeClock } from "../support/fake-clock.ts";

describe("A drop list", () => {
  test("has an address for as long as was said, whatever becomes of the wall clock", () => {
    const clock = new FakeClock();
    const drops = new DropList(clock);
    drops.add("192.0.2.1", 1000);
    clock.jump(3_600_000);
    clock.advance(999);
    assert.equal(drops.has("192.0.2.1"), true);
    assert.equal(drops.has("192.0.2.2"), false);
    clock.advance(1);
    assert.equal(drops.has("192.0.2.1"), false);
    assert.equal(drops.size, 0, "it is forgotten when met");
  });

  test("has a whole /64 of IPv6, and the IPv4 address of a mapped one", () => {
    const drops = new DropList(new FakeClock());
    drops.add("2001:db8:0:1::1", 1000);
    drops.add("::ffff:192.0.2.1", 1000);
    for (const address of ["2001:db8:0:1:ffff::2", "2001:DB8::1:0:0:0:9", "192.0.2.1", "::ffff:c000:201"]) {
      assert.equal(drops.has(address), true, address);
    }
    for (const address of ["2001:db8:0:2::1", "::ffff:192.0.2.2", "192.0.2.2", "", "nonsense"]) {
      assert.equal(drops.has(address), false, address);
    }
  });

  test("never makes a time shorter", () => {
    const clock = new FakeClock();
    const drops = new DropList(clock);
    drops.add("192.0.2.1", 1000);
    drops.add("192.0.2.1", 10);
    clock.advance(500);
    assert.equal(drops.has("192.0.2.1"), true);
    drops.add("192.0.2.1", 1000);
    clock.advance(999);
    assert.equal(drops.has("192.0.2.1"), true);
    assert.equal(drops.size, 1);
  });

  test("has no more than it has room for: the oldest are forgotten, those over time without a timer", () => {
    const clock = new FakeClock();
    const drops = new DropList(clock, 100);
    for (let host = 0; host < 1000; host++) drops.add(`10.0.${host >> 8}.${host & 255}`, 1000);
    assert.equal(drops.size, 100);
    assert.equal(drops.has("10.0.3.231"), true, "the newest");
    assert.equal(drops.has("10.0.0.0"), false, "the oldest");
    clock.advance(1000);
    for (let host = 0; host < 60; host++) drops.add(`10.1.0.${host}`, 1000);
    assert.equal(drops.size, 60, "two that are over time went for each that came");
    assert.equal(clock.timers, 0);
  });
});

describe("Accept limits with dropped addresses", () => {
  test("let them in again when their time is over, and count what they refuse", () => {
    const clock = new FakeClock();
    const limits = new AcceptLimits({ maxConnections: 1000, clock });
    assert.equal(limits.admit("192.0.2.1"), true);
    limits.drop("192.0.2.1", 1000);
    assert.equal(limits.isDropped("192.0.2.1"), true);
    assert.deepEqual([limits.admit("192.0.2.1"), limits.admit("192.0.2.2")], [false, true]);
    assert.deepEqual([limits.size, limits.refused], [2, 1]);
    limits.release("192.0.2.1");
    clock.advance(1000);
    assert.equal(limits.admit("192.0.2.1"), true);
    assert.equal(limits.size, 2);
  });

  test("drop addresses that are exempt from counting, too", () => {
    const limits = new AcceptLimits({ maxConnections: 1000 });
    limits.drop("127.0.0.66", 1000);
    assert.deepEqual([limits.admit("127.0.0.66"), limits.admit("127.0.0.1")], [false, true]);
  });
});

test("The network of an address tells any two /64 of IPv6 apart, and IPv6 from IPv4", () => {
  const addresses = ["::1", "::1:0:0:0:0", "1::", "0:1::", "fe80::", "fe80::%eth0", "192.0.2.1", "2001:db8::"];
  const networks = addresses.map(networkOf);
  assert.equal(new Set(networks).size, addresses.length - 1, "but not by their zone");
  assert.equal(networkOf("fe80::1%eth0"), networkOf("fe80::2%eth1"));
});
