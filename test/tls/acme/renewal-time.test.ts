import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { backoff } from "../../../src/tls/acme/backoff.ts";
import { nextLook, renewalTime, renewalWindowOf } from "../../../src/tls/acme/renewal-time.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const fraction = fc.double({ min: 0, max: 1, noNaN: true });

describe("The time of a renewal", () => {
  test("is at two thirds of a life, at half of a short one, and a little earlier by chance", () => {
    assert.equal(renewalTime({ notBefore: 0, notAfter: 90 * DAY }, undefined, 0), 60 * DAY);
    assert.equal(renewalTime({ notBefore: 0, notAfter: 6 * DAY }, undefined, 0), 3 * DAY);
    assert.equal(renewalTime({ notBefore: 0, notAfter: 100 * DAY }, undefined, 1), Math.round((200 / 3 - 2) * DAY));
  });

  test("lies within the window of the authority, and within the life without one", () => {
    fc.assert(
      fc.property(fc.nat(1e12), fc.integer({ min: HOUR, max: 400 * DAY }), fraction, (notBefore, life, share) => {
        const validity = { notBefore, notAfter: notBefore + life };
        const time = renewalTime(validity, undefined, share);
        assert.ok(time > notBefore && time < validity.notAfter - life / 4);
        const window = { start: notBefore + 5, end: notBefore + 5 + life };
        const suggested = renewalTime(validity, window, share);
        assert.ok(suggested >= window.start && suggested <= window.end);
      }),
    );
  });

  test("is not taken from a window that ends before it starts, or is none", () => {
    const start = "2026-01-02T04:00:00Z";
    const end = "2026-01-03T04:00:00.5Z";
    assert.deepEqual(renewalWindowOf({ suggestedWindow: { start, end } }), {
      start: Date.UTC(2026, 0, 2, 4),
      end: Date.UTC(2026, 0, 3, 4) + 500,
    });
    for (const suggestedWindow of [
      undefined,
      null,
      {},
      { start },
      { start, end: "soon" },
      { start: end, end: start },
      { start, end: start },
    ]) {
      assert.equal(renewalWindowOf({ suggestedWindow }), undefined);
    }
  });

  test("is asked for after a minute at least, a day at most, and six hours when nothing is said", () => {
    assert.deepEqual(
      [nextLook(0), nextLook(2 * HOUR), nextLook(30 * DAY), nextLook(undefined)],
      [60_000, 2 * HOUR, DAY, 6 * HOUR],
    );
  });
});

describe("The wait after a failure", () => {
  test("doubles from a minute to a day, by chance up to a quarter less or more", () => {
    const middle = [1, 2, 3, 4, 11, 12, 50, 5000].map((failures) => backoff(failures, undefined, 0.5) / 60_000);
    assert.deepEqual(middle, [1, 2, 4, 8, 1024, 1440, 1440, 1440]);
    assert.deepEqual([backoff(1, undefined, 0), backoff(1, undefined, 1)], [45_000, 75_000]);
  });

  test("is never below what the authority asks, and never endless", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(30 * DAY), fraction, (failures, asked, random) => {
        const wait = backoff(failures, asked, random);
        assert.ok(wait >= Math.min(asked, 7 * DAY) && wait <= 7.7 * DAY && wait >= 45_000);
      }),
    );
  });
});
