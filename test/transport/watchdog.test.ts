import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { TICK, Watchdog } from "../../src/transport/watchdog.ts";
import type { Phase, Watched } from "../../src/transport/watchdog.ts";
import { FakeClock } from "../support/fake-clock.ts";

class Guarded implements Watched {
  phase: Phase = "head";
  deadline = Infinity;
  readonly fired: number[] = [];
  then: () => void = () => {};
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  onDeadline(): void {
    this.fired.push(this.#clock.now());
    this.deadline = Infinity;
    this.then();
  }
}

function kennel(): { clock: FakeClock; watchdog: Watchdog; guarded: () => Guarded } {
  const clock = new FakeClock();
  clock.advance(12_345);
  const watchdog = new Watchdog(clock);
  return {
    clock,
    watchdog,
    guarded() {
      const guarded = new Guarded(clock);
      watchdog.watch(guarded);
      return guarded;
    },
  };
}

describe("Watchdog", () => {
  test("calls once what has passed its deadline, never early and at most two ticks late", () => {
    for (let offset = 0; offset < 2 * TICK; offset += 10) {
      const { clock, watchdog, guarded } = kennel();
      guarded();
      clock.advance(offset);
      const late = guarded();
      late.deadline = watchdog.now + 1001;
      const start = clock.now();
      clock.advance(5000);
      assert.equal(late.fired.length, 1);
      const [after = 0] = late.fired.map((time) => time - start);
      assert.ok(after >= 1001 && after <= 1001 + 2 * TICK, `fired after ${after} ms`);
    }
  });

  test("leaves alone what moves its deadline in time", () => {
    const { clock, watchdog, guarded } = kennel();
    const busy = guarded();
    for (let round = 0; round < 100; round++) {
      busy.deadline = watchdog.now + 1000;
      clock.advance(900);
    }
    assert.deepEqual(busy.fired, []);
  });

  test("never calls what has no deadline, nor what it does not watch any more", () => {
    const { clock, watchdog, guarded } = kennel();
    const patient = guarded();
    const gone = guarded();
    gone.deadline = watchdog.now + 100;
    watchdog.unwatch(gone);
    clock.advance(1e9);
    assert.deepEqual([patient.fired, gone.fired, watchdog.size], [[], [], 1]);
  });

  test("calls again what was given a later deadline when it was called", () => {
    const { clock, watchdog, guarded } = kennel();
    const again = guarded();
    again.deadline = watchdog.now + 1000;
    again.then = () => (again.deadline = watchdog.now + 1000);
    clock.advance(10_000);
    assert.ok(again.fired.length >= 6 && again.fired.length <= 10, `${again.fired.length} calls`);
  });

  test("lets what it calls end others and begin new ones", () => {
    const { clock, watchdog, guarded } = kennel();
    const first = guarded();
    const second = guarded();
    first.deadline = second.deadline = watchdog.now;
    let third: Guarded | undefined;
    first.then = () => {
      watchdog.unwatch(first);
      watchdog.unwatch(second);
      third = guarded();
      third.deadline = watchdog.now + 500;
    };
    clock.advance(2000);
    assert.deepEqual([first.fired.length, second.fired.length, third?.fired.length], [1, 0, 1]);
  });

  test("has one timer for all it watches and none for nothing", () => {
    const { clock, watchdog, guarded } = kennel();
    assert.equal(clock.timers, 0);
    const all = Array.from({ length: 10 }, guarded);
    assert.equal(clock.timers, 1);
    for (const one of all) watchdog.unwatch(one);
    clock.advance(TICK);
    assert.equal(clock.timers, 0);
    guarded();
    assert.equal(clock.timers, 1);
  });

  test("tells the time after it slept, not the time it fell asleep", () => {
    const { clock, watchdog, guarded } = kennel();
    clock.advance(100_000);
    const late = guarded();
    assert.equal(watchdog.now, clock.now());
    late.deadline = watchdog.now + 1000;
    clock.advance(500);
    assert.deepEqual(late.fired, []);
  });

  test("does not see the wall clock jump", () => {
    const { clock, watchdog, guarded } = kennel();
    const one = guarded();
    one.deadline = watchdog.now + 60_000;
    clock.jump(86_400_000);
    clock.advance(59_000);
    clock.jump(-2 * 86_400_000);
    assert.deepEqual(one.fired, []);
    clock.advance(1000 + 2 * TICK);
    assert.equal(one.fired.length, 1);
  });

  test("looks at 10,000 idle connections in less than a millisecond", () => {
    const { clock, guarded } = kennel();
    for (let count = 0; count < 10_000; count++) guarded().deadline = 1e9 + count;
    clock.advance(40 * TICK);
    const times = Array.from({ length: 20 }, () => {
      const start = performance.now();
      clock.advance(TICK);
      return performance.now() - start;
    }).sort((a, b) => a - b);
    assert.ok((times[10] ?? Infinity) < 1, `${times[10]} ms`);
  });

  test("lets a process end that has nothing else to do", async () => {
    const { spawnSync } = await import("node:child_process");
    const source = `
      import { Watchdog } from ${JSON.stringify(new URL("../../src/transport/watchdog.ts", import.meta.url).href)};
      new Watchdog().watch({ phase: "idle", deadline: 1e9, onDeadline() {} });`;
    const { status, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", source], { timeout: 10_000 });
    assert.deepEqual([status, signal], [0, null]);
  });

  test("runs on the machine's clock", async () => {
    const watchdog = new Watchdog();
    const started = systemClock.now();
    const elapsed = await new Promise<number>((resolve) => {
      const keepAlive = setTimeout(() => {}, 5000);
      const watched: Watched = {
        phase: "drain",
        deadline: Infinity,
        onDeadline() {
          watchdog.unwatch(watched);
          clearTimeout(keepAlive);
          resolve(systemClock.now() - started);
        },
      };
      watchdog.watch(watched);
      watched.deadline = watchdog.now + 100;
    });
    assert.ok(elapsed >= 100 && elapsed < 2000, `${elapsed} ms`);
  });
});

test("A crowd that is late at once is called in slices, and nobody twice or after it has ended", async () => {
  const clock = new FakeClock();
  const watchdog = new Watchdog(clock);
  const called: number[] = [];
  const crowd = Array.from({ length: 100 }, (_, index) => ({
    phase: "idle" as const,
    deadline: 1000,
    onDeadline(): void {
      called.push(index);
      this.deadline = Infinity;
    },
  }));
  for (const one of crowd) watchdog.watch(one);
  clock.advance(1500);
  assert.ok(called.length > 0 && called.length < 50, `${called.length} in one turn`);
  watchdog.unwatch(crowd[99]!);
  crowd[98]!.deadline = Infinity;
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    called,
    Array.from({ length: 98 }, (_, index) => index),
  );
});
