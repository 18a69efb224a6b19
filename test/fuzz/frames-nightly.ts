// node test/fuzz/frames-nightly.ts [--conversations 100000] [--seed N]: the fuzzer of frames.test.ts as long as one likes.

import { parseArgs } from "node:util";
import { examineFrames, newFrameTally } from "./frames.ts";

const options = { conversations: { type: "string", default: "100000" }, seed: { type: "string" } } as const;
const { values } = parseArgs({ options });
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const tally = newFrameTally();
const start = performance.now();
for (let index = 0; index < Number(values.conversations) && tally.findings.length < 20; index++) {
  await examineFrames(seed + index, tally);
}

const seconds = (performance.now() - start) / 1000;
console.log(
  `seed ${seed}: ${tally.conversations} conversations in ${seconds.toFixed(0)} s, ${tally.answered} requests answered`,
);
for (const [code, times] of [...tally.ends].sort(([a], [b]) => a - b)) {
  console.log(`${String(times).padStart(9)}  ${code === -1 ? "went on" : `GOAWAY ${code}`}`);
}
for (const { seed: one, problem } of tally.findings) console.log(`\n--seed ${one} --conversations 1: ${problem}`);
console.log(`${tally.findings.length} findings`);
if (tally.findings.length > 0) process.exitCode = 1;
