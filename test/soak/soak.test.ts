import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { describeFigure, type Figure, holds } from "../robustness/scenario.ts";
import { soak } from "./soak.ts";

/** The figures that are not as they must be. */
const wrong = (figures: readonly Figure[]): string[] => figures.filter((each) => !holds(each)).map(describeFigure);

// The soak in short; `npm run soak` takes 15 minutes.
suite("Mixed traffic against workers that are reloaded", { concurrency: false }, () => {
  test("is answered without a fault, and leaves no growth, no handle and no error", async (context) => {
    const tell = (line: string): void => context.diagnostic(line);
    assert.deepEqual(wrong(await soak({ seconds: 20, reloadEach: 3, pause: 30, tell })), []);
  });

  test("shows a planted leak, a wrong answer and a stray promise", async () => {
    const found = wrong(await soak({ seconds: 10, reloadEach: 2, pause: 30, fault: "all" })).join("\n");
    assert.match(found, /^good requests that failed: [1-9]/m);
    // Who listens beside another may get all of the connections that leak.
    assert.match(found, /^worker [12]: growth beside the heap/m);
    assert.match(found, /^errors in the log: [1-9]/m);
  });
});
