import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { examine, inputOf, newTally } from "./fuzz.ts";
import { LOOSER, STRICTER } from "./stricter.ts";

const SEED = 20_261_121;
const INPUTS = 80_000;

describe("Requests made by chance", () => {
  const tally = newTally();

  test(`${INPUTS} are read as llhttp reads them, or differ by a rule, in any pieces`, async () => {
    for (let index = 0; index < INPUTS; index++) {
      const { random, input } = inputOf(SEED, index);
      await examine(input, random, tally);
    }
    assert.deepEqual(tally.findings.slice(0, 5), []);
  });

  test("A good part of them is accepted, and a good part is not", () => {
    assert.ok(tally.agreed > INPUTS / 2, `${tally.agreed} requests`);
    assert.ok(tally.refused > INPUTS / 4, `${tally.refused} refused`);
  });

  test("The list of differences is short, and none is listed that does not occur", () => {
    assert.ok(STRICTER.length <= 20);
    const unused = [...STRICTER, ...LOOSER].filter((rule) => !tally.rules.has(rule)).map(({ name }) => name);
    assert.deepEqual(unused, []);
  });
});
