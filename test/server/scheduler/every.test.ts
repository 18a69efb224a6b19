import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { every } from "../../../src/server/scheduler/schedule.ts";
import { task } from "../../../src/server/scheduler/task.ts";
import { Timetable } from "./timetable.ts";

describe("every", () => {
  test("comes first after one duration, then keeps its rhythm", async () => {
    const table = new Timetable();
    const seen: number[] = [];
    table.scheduler.add(task("beat", { when: every({ seconds: 90 }) }, () => void seen.push(table.seconds)));
    table.scheduler.start();
    await table.pass(300_000);
    assert.deepEqual(seen, [90, 180, 270]);
  });

  test("gives times that are later, on the grid, and skips none", () => {
    const time = fc.double({ min: 0, max: 1e9, noNaN: true });
    const period = fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 1, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(time, time, period, (start, passed, period) => {
        const next = every(period).begin(start);
        const after = start + passed;
        const due = next(after)!;
        assert.ok(due > after && due - after <= period * (1 + 1e-9) + 1e-6, `${due} after ${after}`);
        assert.ok(next(due)! > due);
      }),
      { numRuns: 1000 },
    );
  });

  test("is not moved when the wall clock is set", async () => {
    const table = new Timetable();
    const seen: number[] = [];
    table.scheduler.add(task("beat", { when: every({ minutes: 1 }) }, () => void seen.push(table.seconds)));
    table.scheduler.start();
    await table.pass(70_000);
    table.clock.jump(-86_400_000);
    await table.pass(60_000);
    table.clock.jump(7 * 86_400_000);
    await table.pass(60_000);
    assert.deepEqual(seen, [60, 120, 180]);
  });

  test("makes up by one run for those that a busy process missed", async () => {
    const table = new Timetable();
    const seen: [number, string][] = [];
    const run = ({ due }: { due: Date }): void => void seen.push([table.seconds, due.toISOString().slice(14, 19)]);
    table.scheduler.add(task("beat", { when: every({ seconds: 10 }) }, run));
    table.scheduler.start();
    await table.pass(12_000);
    table.clock.stall(35_000);
    await table.pass(13_000);
    assert.deepEqual(seen, [
      [10, "00:10"],
      [47, "00:20"],
      [50, "00:50"],
      [60, "01:00"],
    ]);
  });

  test("refuses what is no duration, and less than a millisecond", () => {
    for (const duration of [0, 0.5, -1, NaN, {}]) assert.throws(() => every(duration), { code: "BAD_DURATION" });
  });

  test("runs for longer than a timer can be set", async () => {
    const table = new Timetable();
    let runs = 0;
    table.scheduler.add(task("rare", { when: every({ days: 30 }) }, () => void runs++));
    table.scheduler.start();
    table.clock.advance(29 * 86_400_000);
    assert.equal(runs, 0);
    table.clock.advance(86_400_000);
    assert.equal(runs, 1);
  });
});
