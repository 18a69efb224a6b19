import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { cron } from "../../../src/server/scheduler/cron.ts";
import { task } from "../../../src/server/scheduler/task.ts";
import { Timetable } from "./timetable.ts";

const BERLIN = { timeZone: "Europe/Berlin" };

const ZONES =
  "UTC Europe/Berlin America/New_York America/Santiago Australia/Lord_Howe Africa/Casablanca Antarctica/Troll".split(
    " ",
  );

/** The first times of an expression after a date, in UTC. */
function times(count: number, expression: string, timeZone: string, after: string): string[] {
  const next = cron(expression, { timeZone }).begin(0);
  const list: string[] = [];
  for (let time = Date.parse(after); list.length < count;) {
    time = next(time)!;
    list.push(new Date(time).toISOString().replace(":00.000Z", "Z"));
  }
  return list;
}

/** Runs a task by an expression, and notes what the wall clock shows each time. */
function clockwork(expression: string, wall: string, timeZone = "UTC"): { table: Timetable; seen: string[] } {
  const table = new Timetable({}, wall);
  const seen: string[] = [];
  table.scheduler.add(
    task("tick", { when: cron(expression, { timeZone }) }, () => {
      seen.push(new Date(table.clock.wall()).toISOString().slice(8, 19));
    }),
  );
  table.scheduler.start();
  return { table, seen };
}

describe("cron", () => {
  test("names minutes, hours, days, months and days of the week", () => {
    assert.deepEqual(times(3, "30 6 * * MON-FRI", "UTC", "2026-01-01T07:00Z"), [
      "2026-01-02T06:30Z",
      "2026-01-05T06:30Z",
      "2026-01-06T06:30Z",
    ]);
    assert.deepEqual(times(2, "0 0 29 2 *", "UTC", "2026-01-01T00:00Z"), ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]);
    assert.deepEqual(times(2, "@monthly", "UTC", "2026-01-01T00:00Z"), ["2026-02-01T00:00Z", "2026-03-01T00:00Z"]);
    assert.equal(
      cron("*/15 * * * * *").begin(0)(Date.parse("2026-01-01T00:00:10Z")),
      Date.parse("2026-01-01T00:00:15Z"),
    );
  });

  test("goes by the time zone that it is given", () => {
    assert.deepEqual(times(1, "0 12 * * *", "Europe/Berlin", "2026-01-01T00:00Z"), ["2026-01-01T11:00Z"]);
    assert.deepEqual(times(1, "0 12 * * *", "Europe/Berlin", "2026-07-01T00:00Z"), ["2026-07-01T10:00Z"]);
    assert.deepEqual(times(1, "0 12 * * *", "Asia/Kathmandu", "2026-01-01T00:00Z"), ["2026-01-01T06:15Z"]);
    assert.deepEqual(times(1, "0 0 1 1 *", "Pacific/Kiritimati", "2026-06-01T00:00Z"), ["2026-12-31T10:00Z"]);
  });

  test("runs a fixed time that clocks going forward leave out when they have, and the next day as ever", () => {
    assert.deepEqual(times(3, "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00Z"), [
      "2026-03-28T01:30Z",
      "2026-03-29T01:00Z",
      "2026-03-30T00:30Z",
    ]);
    assert.deepEqual(times(2, "30 2,14 * * *", "America/New_York", "2026-03-08T05:00Z"), [
      "2026-03-08T07:00Z",
      "2026-03-08T18:30Z",
    ]);
  });

  test("runs a fixed time that clocks going back give twice once", () => {
    assert.deepEqual(times(3, "30 2 * * *", "Europe/Berlin", "2026-10-24T00:00Z"), [
      "2026-10-24T00:30Z",
      "2026-10-25T00:30Z",
      "2026-10-26T01:30Z",
    ]);
  });

  test("runs each half hour, whatever the clocks do", () => {
    for (const day of ["2026-03-29", "2026-10-25"]) {
      const list = times(48, "*/30 * * * *", "Europe/Berlin", `${day}T00:00Z`).map((time) => Date.parse(time));
      for (const [index, time] of list.entries()) assert.equal(time, Date.parse(`${day}T00:30Z`) + index * 1_800_000);
    }
  });

  test("comes once on each day of a calendar, in every zone and year", () => {
    const zone = fc.constantFrom(...ZONES);
    const day = fc.date({ min: new Date("2024-01-01"), max: new Date("2029-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(zone, fc.nat(23), fc.nat(59), day, (timeZone, hour, minute, start) => {
        const next = cron(`${minute} ${hour} * * *`, { timeZone }).begin(0);
        const date = Intl.DateTimeFormat("en-CA", { timeZone });
        let before = next(start.getTime())!;
        for (let count = 0; count < 40; count++) {
          const time = next(before)!;
          const expected = new Date(`${date.format(before)}T00:00Z`);
          expected.setUTCDate(expected.getUTCDate() + 1);
          assert.equal(date.format(time), expected.toISOString().slice(0, 10));
          before = time;
        }
      }),
      { numRuns: 150 },
    );
  });

  for (const expression of [
    "",
    "x",
    "* * * *",
    "61 * * * *",
    "0 0 30 2 *",
    "2026-05-05T00:00:00",
    "* * * * * * 2027",
  ]) {
    test(`refuses "${expression}" where it is written`, () => {
      assert.throws(
        () => cron(expression),
        (error: { code: string; place: { file: string }; message: string }) => {
          assert.equal(error.code, "BAD_CRON");
          assert.equal(error.place.file, import.meta.filename);
          assert.ok(error.message.startsWith(`"${expression}" is not a cron expression: `), error.message);
          return true;
        },
      );
    });
  }

  test("refuses a time zone that does not exist", () => {
    assert.throws(() => cron("0 0 * * *", { timeZone: "Mars/Base" }), { code: "BAD_TIME_ZONE" });
  });

  test("says in words what it is", () => {
    assert.equal(cron("0 7 * * MON", BERLIN).text, "0 7 * * MON (Europe/Berlin)");
  });
});

describe("A task by cron", () => {
  test("runs when the wall clock shows the time, to the millisecond", async () => {
    const { table, seen } = clockwork("*/10 * * * *", "2026-01-01T00:03:21.500Z");
    await table.pass(1_300_000, 100);
    assert.deepEqual(seen, ["01T00:10:00", "01T00:20:00"]);
  });

  test("runs through the night in which clocks go forward, and that in which they go back", async () => {
    const spring = clockwork("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin");
    await spring.table.pass(86_400_000, 60_000);
    assert.deepEqual(spring.seen, ["29T01:00:00"]);
    const autumn = clockwork("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin");
    await autumn.table.pass(86_400_000, 60_000);
    assert.deepEqual(autumn.seen, ["25T00:30:00"]);
  });

  test("makes up by one run for what was missed while the machine slept", async () => {
    const { table, seen } = clockwork("0 * * * *", "2026-01-01T00:30:00Z");
    await table.pass(60_000);
    // The monotonic clock stands still while a machine sleeps.
    table.clock.jump(8 * 3_600_000);
    await table.pass(3_600_000);
    assert.deepEqual(seen, ["01T08:31:10", "01T09:00:00"]);
  });

  test("repeats nothing when the wall clock is set back a little", async () => {
    const { table, seen } = clockwork("0 * * * *", "2026-01-01T00:59:00Z");
    await table.pass(120_000);
    assert.deepEqual(seen, ["01T01:00:00"]);
    table.clock.jump(-1_800_000);
    await table.pass(3_600_000);
    assert.deepEqual(seen, ["01T01:00:00"]);
    await table.pass(1_800_000);
    assert.deepEqual(seen, ["01T01:00:00", "01T02:00:00"]);
  });

  test("does not run twice when the wall clock is set back while it runs", async () => {
    const table = new Timetable({}, "2026-01-01T00:59:00Z");
    let runs = 0;
    table.scheduler.add(
      task("tick", { when: cron("0 * * * *") }, () => {
        runs++;
        table.clock.jump(-500);
      }),
    );
    table.scheduler.start();
    await table.pass(120_000, 100);
    assert.equal(runs, 1);
  });

  test("is planned anew when a wall clock that was wrong is put right", async () => {
    const { table, seen } = clockwork("0 * * * *", "2038-01-01T00:30:00Z");
    await table.pass(60_000);
    table.clock.jump(Date.parse("2026-01-01T00:31:00Z") - table.clock.wall());
    await table.pass(3_600_000);
    assert.deepEqual(seen, ["01T01:00:00"]);
  });
});
