import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRateLimit, formatRateLimitPolicy } from "../../src/fields/ratelimit.ts";
import { parseList } from "../../src/fields/structured-field.ts";

test("formatRateLimitPolicy writes a list of policies", () => {
  assert.equal(formatRateLimitPolicy([{ name: "default", quota: 100, window: 60 }]), '"default";q=100;w=60');
  assert.equal(
    formatRateLimitPolicy([
      { name: "burst", quota: 10 },
      { name: "octets", quota: 65535, window: 10, unit: "content-bytes" },
      { name: "plain", quota: 1, unit: "requests" },
    ]),
    '"burst";q=10, "octets";q=65535;qu="content-bytes";w=10, "plain";q=1',
  );
  assert.equal(formatRateLimitPolicy([]), "");
});

test("formatRateLimit writes what is left and when there is more", () => {
  assert.equal(formatRateLimit([{ name: "default", remaining: 50, reset: 30 }]), '"default";r=50;t=30');
  assert.equal(formatRateLimit([{ name: 'a "b" \\', remaining: 0 }]), '"a \\"b\\" \\\\";r=0');
});

test("RateLimit fields are structured fields", () => {
  const list = parseList(
    formatRateLimit([
      { name: 'a "b" \\', remaining: 7 },
      { name: "c", remaining: 1, reset: 2 },
    ]),
  );
  assert.deepEqual(
    list?.map(({ value }) => value),
    ['a "b" \\', "c"],
  );
  assert.deepEqual(list?.[1]?.parameters.get("t"), { kind: "integer", value: 2 });
});

test("RateLimit fields refuse names and numbers that no field can carry", () => {
  assert.throws(() => formatRateLimit([{ name: "grün", remaining: 1 }]), TypeError);
  assert.throws(() => formatRateLimit([{ name: "a\r\nb", remaining: 1 }]), TypeError);
  assert.throws(() => formatRateLimit([{ name: "a", remaining: 0.5 }]), TypeError);
  assert.throws(() => formatRateLimitPolicy([{ name: "a", quota: Infinity }]), TypeError);
});
