import assert from "node:assert/strict";
import { test } from "node:test";
import { rarely } from "../../src/transport/rarely.ts";
import { FakeClock } from "../support/fake-clock.ts";

test("What is called by the thousand is handed on once in ten seconds", () => {
  const clock = new FakeClock();
  const heard: number[] = [];
  const report = rarely(10_000, () => heard.push(clock.now()), clock);
  for (let count = 0; count < 2500; count++) {
    report(undefined);
    clock.advance(10);
  }
  assert.deepEqual(heard, [0, 10_000, 20_000]);
});
