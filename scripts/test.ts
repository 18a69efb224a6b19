// npm test                       the quick checks, then every test
// npm test -- test/http          the tests of a folder or a file alone
// npm test -- --test-only …      options go to node --test

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { list } from "./source.ts";
import { QUICK, ROOT, runSteps } from "./steps.ts";

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith("-"));
const paths = args.filter((arg) => !arg.startsWith("-"));
const files = (paths.length > 0 ? paths : ["test"]).map((path) =>
  path.endsWith(".ts") ? path : `${path}/**/*.test.ts`,
);

if (list(ROOT, ...files).length === 0) {
  console.error(`There is no test in ${paths.join(", ")}`);
  process.exit(1);
}

const failed = paths.length > 0 ? [] : runSteps(QUICK);

const reporter = process.stdout.isTTY ? "spec" : join(ROOT, "scripts/quiet-reporter.ts");
// The timeout is for a file as well as for a test: nothing here may take that long, and a hang must not stall CI.
const limits = ["--test-timeout=600000"];
const { status, error } = spawnSync(
  process.execPath,
  ["--test", `--test-reporter=${reporter}`, ...limits, ...options, ...files],
  {
    cwd: ROOT,
    stdio: "inherit",
  },
);
if (error) throw error;
if (failed.length > 0) console.error(`failed: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : (status ?? 1);
