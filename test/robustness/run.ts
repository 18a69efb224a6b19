// node test/robustness/run.ts [--light] [name…]
//
// Plays the scenarios at full size and prints their figures; exits with 1 when one is not as it must be. Latencies only
// mean something on a machine that does nothing else.

import { SCENARIOS } from "./all.ts";
import { runOnOwnLoopback } from "./own-loopback.ts";
import { describeFigure, holds, Stage } from "./scenario.ts";

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("-"));
const size = args.includes("--light") ? "light" : "full";
const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(", ")}: choose from ${SCENARIOS.map(({ name }) => name).join(", ")}`);
  process.exit(1);
}

const status = runOnOwnLoopback();
if (status !== undefined) process.exit(status);

for (const scenario of SCENARIOS) {
  if (names.length > 0 && !names.includes(scenario.name)) continue;
  console.log(scenario.name);
  const stage = new Stage();
  try {
    for (const figure of await scenario.run(stage, size)) {
      console.log(`  ${holds(figure) ? "✔" : "✖"} ${describeFigure(figure)}`);
      if (!holds(figure)) process.exitCode = 1;
    }
  } finally {
    await stage.end();
  }
}
