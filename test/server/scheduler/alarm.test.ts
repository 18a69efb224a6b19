import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { alarm, LOOK_AGAIN } from "../../../src/server/scheduler/alarm.ts";
import { FakeClock } from "../../support/fake-clock.ts";

describe("Alarm", () => {
  test("rings once, when nothing remains", () => {
    const clock = new FakeClock();
    const rings: number[] = [];
    alarm(
      clock,
      () => 25_000 - clock.now(),
      () => rings.push(clock.now()),
    );
    clock.advance(100_000);
    assert.deepEqual([rings, clock.timers], [[25_000], 0]);
  });

  test("waits on when its timer was early", () => {
    const clock = new FakeClock();
    const rests = [5, 0.4, 0.1, 0];
    let rings = 0;
    alarm(
      clock,
      () => rests.shift()!,
      () => rings++,
    );
    for (const expected of [0, 0, 1, 1]) {
      clock.advance(expected === 0 && rests.length === 3 ? 5 : 1);
      assert.equal(rings, expected);
    }
  });

  test("looks again in time to see that less remains than it seemed", () => {
    const clock = new FakeClock();
    let isOver = false;
    let rings = 0;
    alarm(
      clock,
      () => (isOver ? 0 : Infinity),
      () => rings++,
    );
    clock.advance(3_600_000);
    isOver = true;
    clock.advance(LOOK_AGAIN);
    assert.equal(rings, 1);
  });

  test("never rings at once, and not at all when it was stopped", () => {
    const clock = new FakeClock();
    let rings = 0;
    const ring = (): unknown => rings++;
    alarm(clock, () => 0, ring);
    const stop = alarm(clock, () => 15_000 - clock.now(), ring);
    assert.equal(rings, 0);
    clock.advance(12_000);
    stop();
    clock.advance(60_000);
    assert.deepEqual([rings, clock.timers], [1, 0]);
  });
});
