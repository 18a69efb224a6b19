import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { cron } from "../../../src/server/scheduler/cron.ts";
import type { Lease } from "../../../src/server/scheduler/lease.ts";
import { every } from "../../../src/server/scheduler/schedule.ts";
import { Scheduler } from "../../../src/server/scheduler/scheduler.ts";
import { task } from "../../../src/server/scheduler/task.ts";
import { deferred } from "../../support/deferred.ts";
import { settled, Timetable } from "./timetable.ts";

const SECOND = { when: every({ seconds: 1 }) };

test("LuaFlare scheduler: tasks, sleep, cron, slow-task warning, due time shown in status", async () => {
  const table = new Timetable();
  const seen: string[] = [];
  const note = (name: string) => (): void => void seen.push(`${name} ${table.seconds}`);
  table.scheduler.add(
    task("sleeper", async ({ sleep }) => {
      note("sleeper")();
      await sleep({ seconds: 40 });
      note("sleeper")();
    }),
  );
  table.scheduler.add(task("cron", { when: cron("* * * * *", { timeZone: "UTC" }) }, note("cron")));
  table.scheduler.add(
    task("slow", { when: every({ seconds: 50 }), slow: { seconds: 5 } }, ({ sleep }) => sleep({ seconds: 20 })),
    { owner: "autorun/slow.ts" },
  );
  table.scheduler.start();
  assert.deepEqual(
    table.scheduler.status().map(({ name, when, owner, state, due }) => [name, when, owner, state, due?.toISOString()]),
    [
      ["sleeper", "at start", undefined, "sleeping", "2026-01-01T00:00:40.000Z"],
      ["cron", "* * * * * (UTC)", undefined, "waiting", "2026-01-01T00:01:00.000Z"],
      ["slow", "every 50 seconds", "autorun/slow.ts", "waiting", "2026-01-01T00:00:50.000Z"],
    ],
  );
  await table.pass(54_000);
  assert.deepEqual(table.logged, []);
  await table.pass(36_000);
  assert.deepEqual(table.logged, [["A task is slow", { task: "slow", milliseconds: 5000 }]]);
  assert.deepEqual(seen, ["sleeper 0", "sleeper 40", "cron 60"]);
  assert.deepEqual(table.status("slow"), {
    name: "slow",
    when: "every 50 seconds",
    workers: "one",
    owner: "autorun/slow.ts",
    state: "waiting",
    due: new Date("2026-01-01T00:01:40Z"),
    running: 0,
    runs: 1,
    failures: 0,
    skipped: 0,
    elsewhere: 0,
    last: { started: new Date("2026-01-01T00:00:50Z"), duration: 20_000, error: undefined },
  });
  assert.deepEqual([table.status("sleeper").state, table.status("sleeper").due], ["done", undefined]);
});

describe("Tasks", () => {
  test("that take long delay no others", async () => {
    const table = new Timetable();
    let runs = 0;
    table.scheduler.add(task("endless", SECOND, () => new Promise(() => {})));
    table.scheduler.add(task("brisk", SECOND, () => void runs++));
    table.scheduler.start();
    await table.pass(5000);
    assert.deepEqual([runs, table.status("endless").runs, table.status("endless").state], [5, 1, "running"]);
  });

  test("that fail are logged and told, and run again when they are due", async () => {
    for (const fail of [
      () => {
        throw new Error("broken");
      },
      () => Promise.reject(new Error("broken")),
      ({ sleep }: { sleep: (duration: number) => Promise<void> }) => sleep(-1),
      () => Promise.reject(),
    ]) {
      const told: string[] = [];
      const table = new Timetable({ onError: (_, name) => void told.push(name) });
      table.scheduler.add(task("weak", SECOND, fail));
      table.scheduler.start();
      await table.pass(3000);
      const { runs, failures, last } = table.status("weak");
      assert.deepEqual([runs, failures], [3, 3]);
      assert.match(last?.error ?? "", /broken|is not a duration|undefined/);
      assert.deepEqual(told, ["weak", "weak", "weak"]);
      assert.deepEqual(table.logged[0]?.[0], "A task failed");
    }
  });

  test("that hold up everything else are named", async () => {
    const table = new Timetable();
    table.scheduler.add(task("busy", { when: every({ seconds: 10 }) }, () => table.clock.advance(250)));
    table.scheduler.start();
    await table.pass(10_000);
    assert.deepEqual(table.logged, [["A task held up everything else", { task: "busy", milliseconds: 250 }]]);
  });

  test("are warned of as slow once in each run, and after half a minute unless told otherwise", async () => {
    const table = new Timetable();
    const gates = [deferred(), deferred()];
    let runs = 0;
    table.scheduler.add(task("slow", { when: every({ minutes: 5 }) }, () => gates[runs++]?.promise));
    table.scheduler.add(task("patient", ({ sleep }) => sleep({ hours: 1 })));
    table.scheduler.start();
    await table.pass(329_000);
    assert.equal(table.logged.length, 0);
    await table.pass(200_000);
    assert.equal(table.logged.length, 1);
    gates[0]?.resolve();
    await table.pass(400_000);
    assert.equal(table.logged.length, 2);
  });

  test("are told when they were due", async () => {
    const table = new Timetable();
    const dues: string[] = [];
    table.scheduler.add(task("late", { when: cron("0 * * * *") }, ({ due }) => void dues.push(due.toISOString())));
    table.scheduler.start();
    await table.pass(60_000);
    table.clock.jump(5_400_000);
    await table.pass(60_000);
    assert.deepEqual(dues, ["2026-01-01T01:00:00.000Z"]);
  });

  test("have one name each, and both places are named when they have not", () => {
    const { scheduler } = new Timetable();
    const remove = scheduler.add(task("same", () => {}));
    assert.throws(
      () => scheduler.add(task("same", () => {})),
      (error: { code: string; message: string; place: { file: string } }) => {
        assert.equal(error.code, "TASK_EXISTS");
        assert.match(error.message, /scheduler\.test\.ts:\d+:\d+\.$/);
        assert.equal(error.place.file, import.meta.filename);
        return true;
      },
    );
    remove();
    scheduler.add(task("same", () => {}));
    remove();
    assert.equal(scheduler.status().length, 1, "a remover removes its own task only");
    assert.throws(() => task("", () => {}), { code: "BAD_TASK" });
  });

  test("that are added later begin then", async () => {
    const table = new Timetable();
    table.scheduler.start();
    await table.pass(500);
    const seen: number[] = [];
    table.scheduler.add(task("late", SECOND, () => void seen.push(table.seconds)));
    await table.pass(2000, 500);
    assert.deepEqual(seen, [1.5, 2.5]);
  });

  test("that are removed begin no more, and those that run are told to end", async () => {
    const table = new Timetable();
    let isTold = false;
    const remove = table.scheduler.add(
      task("gone", SECOND, async ({ signal }) => {
        signal.addEventListener("abort", () => (isTold = true));
        await new Promise(() => {});
      }),
    );
    let runs = 0;
    const removeOther = table.scheduler.add(task("other", SECOND, () => void runs++));
    table.scheduler.start();
    await table.pass(1000);
    remove();
    removeOther();
    assert.ok(isTold);
    await table.pass(3000);
    assert.deepEqual([runs, table.scheduler.status()], [1, []]);
  });
});

describe("Overlap", () => {
  /** Runs that take as long as said, due each second for ten seconds: when each begins. */
  async function begun(overlap: "skip" | "queue" | "parallel" | undefined, seconds: number): Promise<number[]> {
    const table = new Timetable();
    const seen: number[] = [];
    table.scheduler.add(
      task("long", { ...SECOND, overlap }, async ({ sleep }) => {
        seen.push(table.seconds);
        await sleep({ seconds });
      }),
    );
    table.scheduler.start();
    await table.pass(10_000, 500);
    return seen;
  }

  test("is skipped unless told otherwise", async () => {
    assert.deepEqual(await begun(undefined, 2.5), [1, 4, 7, 10]);
    assert.deepEqual(await begun("skip", 0.5), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("waits when queued, at most one run", async () => {
    assert.deepEqual(await begun("queue", 2.5), [1, 3.5, 6, 8.5]);
  });

  test("runs in parallel when told so", async () => {
    assert.deepEqual(await begun("parallel", 2.5), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("in parallel has an end: 100 runs", async () => {
    const table = new Timetable();
    table.scheduler.add(task("hung", { ...SECOND, overlap: "parallel" }, () => new Promise(() => {})));
    table.scheduler.start();
    await table.pass(130_000);
    const { running, runs, skipped } = table.status("hung");
    assert.deepEqual([running, runs, skipped], [100, 100, 30]);
  });

  test("never runs beside itself unless told so, and every time due is run or counted as skipped", async () => {
    const steps = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("skip", "queue"), steps, async (overlap, lengths) => {
        const table = new Timetable();
        let beside = 0;
        let most = 0;
        let count = 0;
        table.scheduler.add(
          task("work", { ...SECOND, overlap }, async ({ sleep }) => {
            most = Math.max(most, ++beside);
            await sleep(lengths[count++ % lengths.length]! * 100);
            beside--;
          }),
        );
        table.scheduler.start();
        await table.pass(20_000, 100);
        assert.equal(most, 1);
        const { runs, skipped } = table.status("work");
        const isWaiting = overlap === "queue" && runs + skipped === 19;
        assert.ok(runs + skipped === 20 || isWaiting, `${runs} + ${skipped}`);
      }),
      { numRuns: 40 },
    );
  });
});

describe("sleep", () => {
  test("ends with the run when the task is told to end, which is no failure", async () => {
    const table = new Timetable();
    let isPast = false;
    table.scheduler.add(
      task("loop", async ({ sleep }) => {
        await sleep({ days: 1 });
        isPast = true;
      }),
    );
    table.scheduler.start();
    await table.scheduler.stop();
    const { failures, last, state } = table.status("loop");
    assert.deepEqual([isPast, failures, last?.error, state, table.logged], [false, 0, undefined, "stopped", []]);
    assert.equal(table.clock.timers, 0);
  });

  test("rejects at once after that", async () => {
    const table = new Timetable();
    let sleeps = 0;
    table.scheduler.add(
      task("stubborn", async ({ sleep }) => {
        while (sleeps < 3) {
          sleeps++;
          await sleep({ seconds: 1 }).catch(() => {});
        }
      }),
    );
    table.scheduler.start();
    await table.scheduler.stop();
    assert.equal(sleeps, 3);
  });

  test("shows the first of several ends as due", async () => {
    const table = new Timetable();
    table.scheduler.add(task("both", ({ sleep }) => Promise.all([sleep({ seconds: 30 }), sleep({ seconds: 20 })])));
    table.scheduler.start();
    assert.equal(table.status("both").due?.toISOString(), "2026-01-01T00:00:20.000Z");
    await table.pass(25_000);
    assert.equal(table.status("both").due?.toISOString(), "2026-01-01T00:00:30.000Z");
  });
});

describe("The status", () => {
  test("shows the end of a sleep or the next run as due, whichever is sooner", async () => {
    const table = new Timetable();
    table.scheduler.add(task("both", { when: every({ seconds: 60 }) }, ({ sleep }) => sleep({ seconds: 110 })));
    table.scheduler.start();
    await table.pass(61_000);
    assert.deepEqual([table.status("both").state, table.status("both").due?.getUTCMinutes()], ["sleeping", 2]);
    await table.pass(60_000);
    assert.deepEqual(table.status("both").due, new Date("2026-01-01T00:02:50Z"));
  });
});

describe("stop", () => {
  test("aborts what runs, waits for its end, and lets nothing begin", async () => {
    const table = new Timetable();
    const gate = deferred();
    const seen: string[] = [];
    table.scheduler.add(
      task("saving", { ...SECOND, overlap: "queue" }, async ({ signal }) => {
        seen.push("begins");
        await gate.promise;
        seen.push(signal.aborted ? "ends aborted" : "ends");
      }),
    );
    table.scheduler.start();
    await table.pass(3000);
    const stopped = table.scheduler.stop().then(() => seen.push("stopped"));
    await settled();
    assert.deepEqual(seen, ["begins"]);
    gate.resolve();
    await stopped;
    await table.pass(5000);
    assert.deepEqual(seen, ["begins", "ends aborted", "stopped"]);
    assert.deepEqual([table.clock.timers, table.logged], [0, []]);
  });

  test("gives up at the deadline, and names who runs on, those that were removed included", async () => {
    const table = new Timetable();
    for (const name of ["hung", "removed"]) {
      const remove = table.scheduler.add(task(name, () => new Promise(() => {})));
      table.scheduler.start();
      if (name === "removed") remove();
    }
    let isStopped = false;
    const stopped = table.scheduler.stop({ deadline: 5000 }).then(() => (isStopped = true));
    await table.pass(4900, 100);
    assert.equal(isStopped, false);
    await table.pass(100, 100);
    assert.equal(isStopped, true);
    await stopped;
    assert.deepEqual(table.logged, [["Tasks are left running", { tasks: "hung, removed" }]]);
  });

  test("reports errors of what it aborted, but not that it was aborted", async () => {
    const table = new Timetable();
    table.scheduler.add(
      task("polite", async ({ signal }) => {
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      }),
    );
    table.scheduler.add(
      task("broken", async ({ sleep }) => {
        await sleep({ days: 1 }).catch(() => {
          throw new Error("lost");
        });
      }),
    );
    table.scheduler.start();
    await table.scheduler.stop();
    assert.deepEqual([table.status("polite").failures, table.status("broken").failures], [0, 1]);
  });

  test("of a scheduler with nothing to do is over at once, and keeps no process alive", async () => {
    const scheduler = new Scheduler();
    scheduler.add(task("rare", { when: every({ days: 1 }) }, () => {}));
    scheduler.start();
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    await scheduler.stop();
    assert.equal(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length, before);
  });
});

describe("Lease", () => {
  /** Two processes, of which the one that leads gets everything. */
  function pair(init: { isAsync?: boolean } = {}): { lead: number; held: Set<string>; tables: Timetable[] } {
    const state = { lead: 0, held: new Set<string>(), tables: [] as Timetable[] };
    const leaseOf = (process: number): Lease => ({
      take(name) {
        const isMine = process === state.lead && !state.held.has(name);
        if (isMine) state.held.add(name);
        const answer = isMine ? () => void state.held.delete(name) : undefined;
        return init.isAsync === true ? Promise.resolve(answer) : answer;
      },
    });
    state.tables = [0, 1].map((process) => new Timetable({ lease: leaseOf(process) }));
    return state;
  }

  for (const isAsync of [false, true]) {
    test(`lets one of several processes run a task, ${isAsync ? "asked over a socket" : "known at once"}`, async () => {
      const state = pair({ isAsync });
      const seen: string[] = [];
      for (const [index, { scheduler }] of state.tables.entries()) {
        scheduler.add(task("one", SECOND, () => void seen.push(`one ${index}`)));
        scheduler.add(task("each", { ...SECOND, workers: "each" }, () => void seen.push(`each ${index}`)));
        scheduler.start();
      }
      const pass = async (): Promise<string[]> => {
        for (const table of state.tables) await table.pass(1000);
        return seen.splice(0).sort();
      };
      assert.deepEqual(await pass(), ["each 0", "each 1", "one 0"]);
      state.lead = 1;
      assert.deepEqual(await pass(), ["each 0", "each 1", "one 1"]);
      assert.equal(state.held.size, 0);
      assert.deepEqual(
        state.tables.map((table) => table.status("one").elsewhere),
        [1, 1],
      );
    });
  }

  test("is asked for again by tasks without a schedule, so that one takes over from another", async () => {
    const state = pair();
    const seen: number[] = [];
    for (const [index, { scheduler }] of state.tables.entries()) {
      scheduler.add(
        task("loop", async ({ sleep }) => {
          seen.push(index);
          await sleep({ days: 1 });
        }),
      );
      scheduler.start();
    }
    const [first, second] = state.tables;
    await second?.pass(60_000);
    assert.deepEqual(seen, [0]);
    assert.equal(second?.status("loop").state, "waiting");
    await first?.scheduler.stop();
    state.lead = 1;
    await second?.pass(10_000);
    assert.deepEqual(seen, [0, 1]);
  });

  test("that fails gives nothing, is reported, and is asked for again", async () => {
    for (const take of [
      () => {
        throw new Error("unreachable");
      },
      () => Promise.reject(new Error("unreachable")),
    ]) {
      const table = new Timetable({ lease: { take } });
      table.scheduler.add(task("one", SECOND, () => {}));
      table.scheduler.start();
      await table.pass(3000);
      assert.deepEqual([table.status("one").runs, table.status("one").elsewhere], [0, 3]);
      assert.equal(table.logged[0]?.[0], "The lease of a task failed");
    }
  });

  test("that comes after the stop is let go, and nothing runs", async () => {
    const gate = deferred<() => void>();
    const table = new Timetable({ lease: { take: () => gate.promise } });
    table.scheduler.add(task("one", SECOND, () => {}));
    table.scheduler.start();
    await table.pass(1000);
    let isReleased = false;
    const stopped = table.scheduler.stop();
    gate.resolve(() => (isReleased = true));
    await stopped;
    assert.deepEqual([isReleased, table.status("one").runs], [true, 0]);
  });
});
