import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { describeDuration, milliseconds } from "../../../src/server/scheduler/duration.ts";

describe("Duration", () => {
  test("is milliseconds, or the sum of its units", () => {
    assert.equal(milliseconds(1500), 1500);
    assert.equal(milliseconds({ days: 1, hours: 2, minutes: 3, seconds: 4, milliseconds: 5 }), 93_784_005);
    assert.equal(milliseconds({ minutes: 1.5 }), 90_000);
    assert.equal(milliseconds({}), 0);
  });

  test("is refused when it is negative, endless or no number", () => {
    for (const duration of [-1, NaN, Infinity, { minutes: -1 }, { hours: NaN }]) {
      assert.throws(() => milliseconds(duration), { code: "BAD_DURATION" });
    }
  });

  test("is described in the largest units, and means the same again", () => {
    assert.equal(describeDuration(90_000), "1 minute 30 seconds");
    assert.equal(describeDuration({ hours: 48 }), "2 days");
    assert.equal(describeDuration(0), "0 milliseconds");
    fc.assert(
      fc.property(fc.nat(), (total) => {
        const words = describeDuration(total).split(" ");
        let sum = 0;
        for (let index = 0; index < words.length; index += 2) {
          sum += milliseconds({ [words[index + 1]!.replace(/s?$/, "s")]: Number(words[index]) });
        }
        assert.equal(sum, total);
      }),
    );
  });
});
