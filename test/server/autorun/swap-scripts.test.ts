import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Change, swapScripts } from "../../../src/server/autorun/swap-scripts.ts";
import { ScriptRun, type ScriptSurroundings } from "../../../src/server/autorun/script-run.ts";

/** Names that only one may have, in the order that they were taken. */
class Names {
  readonly taken: string[] = [];

  /** A run of a script that takes names. */
  run(file: string, ...names: string[]): ScriptRun {
    const run = new ScriptRun(file, {} as ScriptSurroundings);
    for (const name of names) {
      run.registrations.plan(() => {
        if (this.taken.includes(name)) throw new Error(`${name} is taken`);
        this.taken.push(name);
        return () => void this.taken.splice(this.taken.indexOf(name), 1);
      });
    }
    return run;
  }

  /** The same, in force. */
  inForce(file: string, ...names: string[]): ScriptRun {
    const run = this.run(file, ...names);
    run.registrations.apply();
    return run;
  }
}

const fine = (): void => {};

suite("Swapping scripts", () => {
  test("exchanges what two have, and takes away what has gone", () => {
    const names = new Names();
    const changes: Change[] = [
      { before: names.inForce("a", "x"), next: names.run("a", "y") },
      { before: names.inForce("b", "y"), next: names.run("b", "x") },
      { before: names.inForce("c", "z"), next: undefined },
    ];
    const { done, failed } = swapScripts(changes, fine);
    assert.deepEqual([done, failed], [changes, []]);
    assert.deepEqual(names.taken.toSorted(), ["x", "y"]);
  });

  test("leaves one that conflicts as it was, and swaps the others", () => {
    const names = new Names();
    names.inForce("else", "taken");
    const a: Change = { before: names.inForce("a", "a1"), next: names.run("a", "a2", "taken") };
    const b: Change = { before: names.inForce("b", "b1"), next: names.run("b", "b2") };
    const { done, failed } = swapScripts([a, b], fine);
    assert.deepEqual(done, [b]);
    assert.deepEqual(
      failed.map(([change, error]) => [change, (error as Error).message]),
      [[a, "taken is taken"]],
    );
    assert.deepEqual(names.taken.toSorted(), ["a1", "b2", "taken"]);
  });

  test("leaves one as it was whose old names another has taken meanwhile, and that other one too", () => {
    const names = new Names();
    names.inForce("else", "taken");
    const a: Change = { before: names.inForce("a", "x"), next: names.run("a", "taken") };
    const b: Change = { before: names.inForce("b", "y"), next: names.run("b", "x") };
    const { done, failed } = swapScripts([a, b], fine);
    assert.deepEqual(done, []);
    assert.deepEqual(
      failed.map(([change]) => change),
      [a, b],
    );
    assert.deepEqual(names.taken.toSorted(), ["taken", "x", "y"]);
  });

  test("finds out by trying each whose fault it is that all of them together cannot be folded", () => {
    const names = new Names();
    const prove = (): void => {
      if (names.taken.includes("bad")) throw new Error("bad cannot be folded");
    };
    const a: Change = { before: undefined, next: names.run("a", "good") };
    const b: Change = { before: names.inForce("b", "old"), next: names.run("b", "bad") };
    const c: Change = { before: undefined, next: names.run("c", "fine") };
    const { done, failed } = swapScripts([a, b, c], prove);
    assert.deepEqual(done, [a, c]);
    assert.deepEqual(
      failed.map(([change]) => change),
      [b],
    );
    assert.deepEqual(names.taken.toSorted(), ["fine", "good", "old"]);
  });

  test("tells what could not be removed, and goes on", () => {
    const names = new Names();
    const before = names.run("a");
    before.registrations.plan(() => () => {
      throw new Error("stuck");
    });
    before.registrations.apply();
    const { done, errors } = swapScripts([{ before, next: names.run("a", "x") }], fine);
    assert.equal(done.length, 1);
    assert.equal(((errors[0] as Error).cause as Error).message, "stuck");
    assert.deepEqual(names.taken, ["x"]);
  });
});
