import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { LogFields } from "../../src/base/log.ts";
import { isPromise } from "../../src/base/maybe-promise.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import type { ErrorSource } from "../../src/server/hook-listeners.ts";
import { Hooks } from "../../src/server/hooks.ts";
import { deferred } from "../support/deferred.ts";
import { FakeClock } from "../support/fake-clock.ts";

declare module "../../src/server/hook-listeners.ts" {
  interface HookListeners {
    order(id: string): void | Promise<void>;
  }
}

const oops = new Error("oops");
const fail = (): never => {
  throw oops;
};
const reject = (): Promise<never> => Promise.reject(oops);

function recording(): { hooks: Hooks; seen: string[]; logged: LogFields[]; clock: FakeClock } {
  const logged: LogFields[] = [];
  const clock = new FakeClock();
  const log = { write: (_: string, __: string, fields: LogFields = {}) => void logged.push(fields) };
  return { hooks: new Hooks({ log, clock }), seen: [], logged, clock };
}

test("LuaFlare hooks: named, typed, prioritised; call and safeCall; counts and times of each", async () => {
  const { hooks, seen, clock } = recording();
  hooks.add("order", (id) => void seen.push(`second ${id}`));
  const failing = (id: string): void => {
    seen.push(`first ${id}`);
    clock.advance(5);
    fail();
  };
  hooks.add("order", failing, { priority: 10, owner: "shop.ts" });
  hooks.add("error", (error, { hook }) => void seen.push(`${hook}: ${(error as Error).message}`));
  assert.throws(() => hooks.call("order", "a"), oops);
  assert.deepEqual(seen.splice(0), ["first a"]);
  assert.equal(hooks.safeCall("order", "b"), undefined);
  assert.deepEqual(seen, ["first b", "order: oops", "second b"]);
  const [order, error] = hooks.status();
  assert.deepEqual(order, {
    name: "order",
    calls: 2,
    time: 10,
    listeners: [
      { name: "failing", owner: "shop.ts", priority: 10, calls: 2, errors: 2, time: 10, longest: 5 },
      { name: "", owner: undefined, priority: 0, calls: 1, errors: 0, time: 0, longest: 0 },
    ],
  });
  assert.deepEqual([error?.name, error?.calls], ["error", 1]);
});

describe("Listeners of a hook", () => {
  test("are called from the highest priority to the lowest, equals as they were added, without those removed", () => {
    const steps = fc.array(fc.record({ priority: fc.integer({ min: -3, max: 3 }), isRemoved: fc.boolean() }));
    fc.assert(
      fc.property(steps, (listeners) => {
        const { hooks } = recording();
        const seen: number[] = [];
        const removers = listeners.map(({ priority }, index) =>
          hooks.add("order", () => void seen.push(index), { priority }),
        );
        listeners.forEach(({ isRemoved }, index) => isRemoved && removers[index]?.());
        assert.equal(hooks.call("order", "x"), undefined);
        const expected = listeners
          .map(({ priority, isRemoved }, index) => ({ priority, isRemoved, index }))
          .filter(({ isRemoved }) => !isRemoved)
          .sort((a, b) => b.priority - a.priority || a.index - b.index);
        assert.deepEqual(
          seen,
          expected.map(({ index }) => index),
        );
        assert.equal(hooks.has("order"), expected.length > 0);
      }),
    );
  });

  test("stay synchronous, and wait for those that are not", async () => {
    const { hooks, seen } = recording();
    const gate = deferred();
    hooks.add("order", () => void seen.push("one"));
    assert.equal(hooks.call("order", "x"), undefined);
    hooks.add("order", () => gate.promise);
    hooks.add("order", () => void seen.push("three"));
    for (const kind of ["call", "safeCall"] as const) {
      seen.length = 0;
      const call = hooks[kind]("order", "x");
      assert.ok(isPromise(call));
      assert.deepEqual(seen, ["one"]);
      gate.resolve();
      await call;
      assert.deepEqual(seen, ["one", "three"]);
    }
  });

  test("that are added during a call take part from the next one on", () => {
    const { hooks, seen } = recording();
    hooks.add("order", () => {
      seen.push("old");
      hooks.add("order", () => void seen.push("low"), { priority: -1 });
      hooks.add("order", () => void seen.push("high"), { priority: 1 });
    });
    void hooks.call("order", "x");
    assert.deepEqual(seen.splice(0), ["old"]);
    void hooks.call("order", "x");
    assert.deepEqual(seen, ["high", "old", "low"]);
  });

  test("that are removed during a call are not called any more", async () => {
    const { hooks, seen } = recording();
    const gate = deferred();
    hooks.add("order", () => gate.promise);
    const remove = hooks.add("order", () => void seen.push("gone"));
    hooks.add("order", () => void seen.push("last"));
    const call = hooks.call("order", "x");
    remove();
    remove();
    gate.resolve();
    await call;
    assert.deepEqual(seen, ["last"]);
  });

  test("may be the same function twice, each removed by itself", () => {
    const { hooks, seen } = recording();
    const listener = (id: string): void => void seen.push(id);
    const remove = hooks.add("order", listener);
    hooks.add("order", listener);
    remove();
    remove();
    void hooks.call("order", "x");
    assert.deepEqual(seen, ["x"]);
  });

  test("are timed until their promises settle", async () => {
    const { hooks, clock } = recording();
    const gate = deferred();
    hooks.add("order", () => gate.promise);
    const call = hooks.call("order", "x");
    clock.advance(70);
    gate.resolve();
    await call;
    const again = hooks.call("order", "x");
    await again;
    const [order] = hooks.status();
    assert.deepEqual([order?.time, order?.listeners[0]?.longest, order?.listeners[0]?.calls], [70, 70, 2]);
  });
});

describe("call", () => {
  test("ends with the first error, thrown or rejected", async () => {
    const { hooks, seen } = recording();
    const remove = hooks.add("order", fail);
    hooks.add("order", () => void seen.push("after"));
    assert.throws(() => hooks.call("order", "x"), oops);
    remove();
    hooks.add("order", reject, { priority: 1 });
    await assert.rejects(async () => hooks.call("order", "x"), oops);
    assert.deepEqual(seen, []);
  });
});

describe("safeCall", () => {
  for (const [how, broken] of Object.entries({ thrown: fail, rejected: reject })) {
    test(`contains errors ${how}, logs them, tells the hook error and goes on`, async () => {
      const { hooks, seen, logged } = recording();
      const told: [unknown, ErrorSource][] = [];
      hooks.add("error", (...args) => void told.push(args));
      hooks.add("order", broken);
      hooks.add("order", () => void seen.push("after"));
      await hooks.safeCall("order", "x");
      assert.deepEqual(seen, ["after"]);
      assert.deepEqual(told, [[oops, { hook: "order" }]]);
      assert.deepEqual(logged, [{ hook: "order", error: oops }]);
    });

    test(`does not loop when listeners of error fail themselves: ${how}`, async () => {
      const { hooks, seen, logged } = recording();
      hooks.add("error", broken);
      hooks.add("error", () => void seen.push("told"));
      hooks.add("order", broken);
      await hooks.safeCall("order", "x");
      assert.deepEqual(seen, ["told"]);
      assert.deepEqual(
        logged.map(({ hook }) => hook),
        ["order", "error"],
      );
      await hooks.safeCall("error", oops, {});
      assert.equal(logged.length, 3);
    });
  }

  test("does not loop when a listener of error calls what fails", () => {
    const { hooks, logged } = recording();
    hooks.add("order", fail);
    hooks.add("error", () => hooks.safeCall("order", "again"));
    void hooks.safeCall("order", "x");
    assert.deepEqual(
      logged.map(({ hook }) => hook),
      ["order", "order"],
    );
    void hooks.safeCall("order", "later");
    assert.equal(logged.length, 4, "later errors are reported as the first one was");
  });
});

describe("ask", () => {
  const request = new Request("http://example.com/");

  test("gives the first answer, and asks nobody after it", async () => {
    const { hooks, seen } = recording();
    hooks.add("request", () => void seen.push("silent"));
    const response = new Response("mine");
    const remove = hooks.add("request", () => response);
    hooks.add("request", () => void seen.push("after"));
    assert.equal(hooks.ask("request", request), response);
    assert.deepEqual(seen, ["silent"]);
    remove();
    hooks.add("request", () => Promise.resolve(response), { priority: 1 });
    assert.equal(await hooks.ask("request", request), response);
    assert.deepEqual(seen, ["silent"]);
  });

  test("gives nothing when nobody answers", async () => {
    const { hooks } = recording();
    assert.equal(hooks.ask("request", request), undefined);
    hooks.add("request", () => Promise.resolve());
    assert.equal(await hooks.ask("request", request), undefined);
  });

  test("fails as its listeners do", async () => {
    const { hooks } = recording();
    hooks.add("request", reject);
    await assert.rejects(async () => hooks.ask("request", request), oops);
  });
});
