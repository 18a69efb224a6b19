import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OrderBudget } from "../../../src/tls/acme/order-budget.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryStorage } from "./memory-storage.ts";

const KEY = "budgets/authority.test-dir";
const HOUR = 3_600_000;
const NEVER = new AbortController().signal;

/** @param onPause called when the lock is waited for, with how often that was */
function budget(onPause: (times: number) => void = () => {}) {
  const storage = new MemoryStorage();
  const clock = new FakeClock();
  const pauses: number[] = [];
  const pause = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    onPause(pauses.push(milliseconds));
  };
  return { storage, clock, pauses, budget: new OrderBudget({ storage, key: KEY, perHour: 2, clock, pause }) };
}

describe("The budget of orders", () => {
  test("gives so many in an hour, and then says when there will be another", async () => {
    const { clock, budget: orders } = budget();
    assert.deepEqual([await orders.take(NEVER), await orders.take(NEVER)], [0, 0]);
    assert.equal(await orders.take(NEVER), HOUR / 2);
    clock.advance(HOUR / 2);
    assert.equal(await orders.take(NEVER), 0);
    assert.ok((await orders.take(NEVER)) > 0);
  });

  test("waits for others that look at it, a second at most", async () => {
    const waited = budget((times) => void (times === 3 && release()));
    const lock = await waited.storage.lock(KEY);
    const release = (): void => void lock?.release();
    assert.deepEqual([await waited.budget.take(NEVER), waited.pauses], [0, [25, 25, 25]]);
    assert.equal(waited.storage.locks.size, 0);
    const inVain = budget();
    await inVain.storage.lock(KEY);
    assert.deepEqual([await inVain.budget.take(NEVER), inVain.pauses.length], [1000, 40]);
    await assert.rejects(inVain.budget.take(AbortSignal.abort(new Error("the server stops"))), /the server stops/);
  });

  test("is not used up by what a clock that was wrong, or nobody, has written", async () => {
    for (const value of [JSON.stringify({ paidUntil: 1e15 }), '{"paidUntil":"soon"}', "[]", "half"]) {
      const { storage, budget: orders } = budget();
      await storage.put(KEY, value);
      assert.equal(await orders.take(NEVER), 0, value);
    }
  });
});
