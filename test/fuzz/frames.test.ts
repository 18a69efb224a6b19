import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { examineFrames, newFrameTally } from "./frames.ts";

const SEED = 20_261_125;
const CONVERSATIONS = 1_500;

describe("Conversations in HTTP/2 made by chance", () => {
  const tally = newFrameTally();

  test(`${CONVERSATIONS}: who keeps to the rules is answered, who does not is told, and nobody else is hurt`, async () => {
    for (let index = 0; index < CONVERSATIONS; index++) await examineFrames(SEED + index, tally);
    assert.deepEqual(tally.findings.slice(0, 3), []);
  });

  test("Many requests are answered, and the lawless end in many ways", () => {
    assert.ok(tally.answered > CONVERSATIONS / 2, `${tally.answered} answered`);
    assert.ok(tally.ends.size >= 5, JSON.stringify([...tally.ends]));
  });
});
