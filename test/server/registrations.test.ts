import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Registrations } from "../../src/server/registrations.ts";

/** A registry that refuses names that are taken. */
function registry(): { names: Set<string>; register: (name: string) => () => () => void } {
  const names = new Set<string>();
  const register = (name: string) => () => {
    if (names.has(name)) throw new Error(`${name} is taken`);
    names.add(name);
    return () => void names.delete(name);
  };
  return { names, register };
}

describe("Registrations", () => {
  test("come into force with apply, and go with remove, latest first", () => {
    const seen: string[] = [];
    const script = new Registrations("a.ts");
    for (const name of ["one", "two"]) {
      script.plan(() => {
        seen.push(name);
        return () => seen.push(`-${name}`);
      });
    }
    assert.deepEqual(seen, []);
    script.apply();
    script.apply();
    script.remove();
    script.remove();
    assert.deepEqual(seen, ["one", "two", "-two", "-one"]);
  });

  test("that are planned while the others are in force are registered at once", () => {
    const { names, register } = registry();
    const script = new Registrations("a.ts");
    script.apply();
    script.plan(register("late"));
    assert.deepEqual([...names], ["late"]);
    assert.throws(() => script.plan(register("late")), /taken/);
    script.remove();
    assert.deepEqual([...names], []);
    script.apply();
    assert.deepEqual([...names], ["late"]);
  });

  test("replace those before them, or leave everything as it was", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const list = fc.array(name, { maxLength: 5 });
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.uniqueArray(name), list, (others, first, second) => {
        const { names, register } = registry();
        const before = new Registrations("before");
        for (const each of first.filter((name) => !others.includes(name))) before.plan(register(each));
        for (const each of others) register(each)();
        before.apply();
        const was = [...names].sort();
        const next = new Registrations("next");
        for (const each of second) next.plan(register(each));
        const isFine = new Set(second).size === second.length && !second.some((name) => others.includes(name));
        if (isFine) next.replace(before);
        else assert.throws(() => next.replace(before), /taken/);
        assert.deepEqual([...names].sort(), isFine ? [...others, ...second].sort() : was);
      }),
    );
  });

  test("are all removed, though a remover throws", () => {
    const seen: string[] = [];
    const script = new Registrations("a.ts");
    script.plan(() => () => void seen.push("first"));
    script.plan(() => () => {
      throw new Error("stuck");
    });
    script.apply();
    assert.throws(() => script.remove(), { code: "NOT_REMOVED", cause: new Error("stuck") });
    assert.deepEqual(seen, ["first"]);
  });
});
