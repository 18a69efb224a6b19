import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Account, Rate } from "../../../src/extensions/limiter/rate.ts";

const fresh = (): Account => ({ whole: -Infinity, forgiven: -Infinity });

/** Asks at a time. @returns whether it was let in */
function ask(rate: Rate, account: Account, now: number): boolean {
  if (rate.wait(account, now) > 0) return false;
  rate.take(account, now);
  return true;
}

describe("A rate", () => {
  test("lets in so many at once as was said, then one each interval", () => {
    const rate = new Rate(10, 1000, 3);
    const account = fresh();
    const times = [0, 0, 0, 0, 99, 100, 100, 199, 200, 500, 500, 500, 500];
    assert.deepEqual(
      times.map((now) => ask(rate, account, now)),
      [true, true, true, false, false, true, false, false, true, true, true, true, false],
    );
  });

  test("lets in the whole burst for any fraction of an interval, at any time since the start", () => {
    for (const [limit, window] of [
      [3, 1000],
      [7, 1000],
      [600, 60_000],
      [999, 60_000],
      [100_000, 1000],
    ] as const) {
      for (const start of [0, 0.1, 1e6 + 1 / 3, 1e9 + 0.7]) {
        const rate = new Rate(limit, window, limit);
        const account = fresh();
        let count = 0;
        while (ask(rate, account, start)) count++;
        assert.ok(Math.abs(count - limit) <= limit / 1000, `${count} of ${limit} at ${start}`);
      }
    }
  });

  test("never lets in more than the burst and what was restored since, in any stretch of time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 200 }),
        (limit, burst, pauses) => {
          const rate = new Rate(limit, 1000, burst);
          const account = fresh();
          const let_in: number[] = [];
          let now = 0;
          for (const pause of pauses) {
            now += pause % 7 === 0 ? pause : pause % 50;
            const wait = rate.wait(account, now);
            if (ask(rate, account, now)) let_in.push(now);
            else assert.equal(rate.wait(account, now + wait + 1e-6), 0, "whoever waits as told is let in");
          }
          for (let first = 0; first < let_in.length; first++) {
            for (let last = first; last < let_in.length; last++) {
              const stretch = let_in[last]! - let_in[first]!;
              assert.ok(last - first + 1 <= burst + (stretch + 0.01 * rate.interval) / rate.interval);
            }
          }
        },
      ),
    );
  });

  test("never refuses who keeps to it, and says how many are left", () => {
    const rate = new Rate(10, 1000, 4);
    const account = fresh();
    assert.equal(rate.remaining(account, 0), 4);
    for (let now = 0; now < 10_000; now += 100) {
      assert.equal(ask(rate, account, now), true);
      assert.equal(rate.remaining(account, now), 3);
    }
    assert.deepEqual([ask(rate, account, 9900), ask(rate, account, 9900)], [true, true]);
    assert.deepEqual([rate.remaining(account, 9900), rate.remaining(account, 9999)], [1, 1]);
    assert.deepEqual([rate.remaining(account, 10_000), rate.remaining(account, 1e9)], [2, 4]);
    const spent = fresh();
    while (ask(rate, spent, 0));
    assert.equal(rate.remaining(spent, 0), 0);
  });

  /** Asks at an even pace. @returns after how many requests abuse was found, or undefined */
  function abuseAt(times: number, seconds: number): number | undefined {
    const rate = new Rate(100, 1000, 100);
    const account = fresh();
    const pause = 10 / times;
    let count = 0;
    for (let now = 0; now < seconds * 1000; now += pause) {
      count++;
      if (!ask(rate, account, now) && rate.refuse(account, now)) return count;
    }
    return undefined;
  }

  test("finds abuse above three times the limit, and never below", () => {
    for (const times of [1, 2, 2.9]) assert.equal(abuseAt(times, 60), undefined, String(times));
    for (const times of [3.5, 4, 10]) assert.notEqual(abuseAt(times, 60), undefined, String(times));
    // All at once: the limit is let in, twice as many are refused, the next is too much.
    assert.equal(abuseAt(1e9, 1), 301);
  });

  test("forgives after one window, however much was asked", () => {
    const rate = new Rate(100, 1000, 100);
    const account = fresh();
    while (ask(rate, account, 0));
    for (let count = 0; count < 100_000; count++) rate.refuse(account, 0);
    assert.equal(rate.refuse(account, 0), true);
    let refused = 1;
    while (!rate.refuse(account, 1000)) refused++;
    assert.equal(refused, 201);
  });
});
