import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assert as check, integer, property } from "fast-check";
import { RateGuard } from "../../src/transport/rate-guard.ts";
import { DEFAULT_LIMITS } from "../../src/transport/watchdog.ts";

const IDLE = 30_000;
const SECOND = 1000;

/** Runs for an hour at most; `moved(t)` octets have moved t milliseconds after the start. When was it too slow? */
function verdict(moved: (time: number) => number, horizon = 3_600_000): number | "fine" {
  const guard = new RateGuard();
  const start = 777;
  let look = guard.start(start, moved(0), IDLE, DEFAULT_LIMITS);
  while (look - start < horizon) {
    const now = Math.ceil(look);
    const next = guard.look(now, moved(now - start), IDLE, DEFAULT_LIMITS);
    if (next === 0) return now - start;
    assert.ok(next > now && next <= now + IDLE);
    look = next;
  }
  return "fine";
}

describe("RateGuard", () => {
  test("lets pass what moves at the minimum rate, for an hour", () => {
    assert.equal(
      verdict((time) => Math.ceil((time / SECOND) * 500) + 1),
      "fine",
    );
  });

  test("stops one octet a second when the grace is over", () => {
    const stopped = verdict((time) => Math.floor(time / SECOND));
    assert.ok(stopped !== "fine" && stopped >= 10_000 && stopped <= 10_100, `after ${stopped} ms`);
  });

  test("stops what never moves when the grace is over", () => {
    assert.equal(
      verdict(() => 0),
      10_000,
    );
  });

  test("stops what stalls after the idle limit, however much it moved before", () => {
    const stopped = verdict((time) => Math.min(time, 60 * SECOND) * 1000);
    assert.ok(stopped !== "fine" && stopped >= 90_000 && stopped <= 95_000, `after ${stopped} ms`);
  });

  test("does not let a burst buy hours of dripping", () => {
    const stopped = verdict((time) => 100_000_000 + Math.floor(time / SECOND));
    assert.ok(stopped !== "fine" && stopped <= 45_000, `after ${stopped} ms`);
  });

  test("forgives a pause of 25 seconds to what is otherwise fast", () => {
    assert.equal(
      verdict((time) => Math.ceil(time / 25_000) * 20_000),
      "fine",
    );
  });

  test("never stops anything faster than the minimum, and always what is slower", () => {
    check(
      property(integer({ min: 1, max: 5000 }), (rate) => {
        const stopped = verdict((time) => Math.ceil((time * rate) / SECOND), 600_000);
        if (rate >= 500) assert.equal(stopped, "fine");
        // Slower by δ, it eats the grace at δ/500 of the time's pace.
        if (rate <= 480) assert.notEqual(stopped, "fine");
      }),
    );
  });

  test("starts anew with each body", () => {
    const guard = new RateGuard();
    guard.start(0, 0, IDLE, DEFAULT_LIMITS);
    assert.equal(guard.look(10_000, 0, IDLE, DEFAULT_LIMITS), 0);
    assert.equal(guard.start(20_000, 0, IDLE, DEFAULT_LIMITS), 25_000);
    assert.notEqual(guard.look(25_000, 0, IDLE, DEFAULT_LIMITS), 0);
  });

  test("keeps an idle limit that is shorter than the grace", () => {
    const guard = new RateGuard();
    assert.equal(guard.start(0, 0, 2000, DEFAULT_LIMITS), 2000);
    assert.equal(guard.look(2000, 0, 2000, DEFAULT_LIMITS), 0);
  });
});
