// npm run check: everything that can be said of the code without running it.

import { QUICK, runSteps, THOROUGH } from "./steps.ts";

const failed = runSteps([...QUICK, ...THOROUGH]);
if (failed.length > 0) {
  console.error(`failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
