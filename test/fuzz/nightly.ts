// node test/fuzz/nightly.ts [--inputs 1000000] [--seed N]: the fuzzer of test/fuzz/fuzz.test.ts for as long as one likes.

import { parseArgs } from "node:util";
import { examine, inputOf, newTally } from "./fuzz.ts";

const { values } = parseArgs({ options: { inputs: { type: "string", default: "1000000" }, seed: { type: "string" } } });
const inputs = Number(values.inputs);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);

const tally = newTally();
const start = performance.now();
for (let index = 0; index < inputs && tally.findings.length < 20; index++) {
  const { random, input } = inputOf(seed, index);
  await examine(input, random, tally);
}

const seconds = (performance.now() - start) / 1000;
console.log(`seed ${seed}, llhttp ${process.versions["llhttp"]}: ${tally.inputs} inputs in ${seconds.toFixed(0)} s`);
console.log(`${tally.agreed} requests read alike, ${tally.refused} inputs refused; differences by rule:`);
for (const [rule, times] of [...tally.rules].sort(([, a], [, b]) => b - a)) {
  console.log(`${String(times).padStart(9)}  ${rule.name} (${rule.rfc})`);
}
for (const { input, problem } of tally.findings) console.log(`\n${problem}\n${JSON.stringify(input)}`);
console.log(`${tally.findings.length} findings`);
if (tally.findings.length > 0) process.exitCode = 1;
