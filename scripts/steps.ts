import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** A command that must succeed; the first word is a program of node_modules/.bin. */
export interface Step {
  name: string;
  command: string[];
}

export const ROOT: string = join(import.meta.dirname, "..");

const LINTED = ["src", "test", "scripts", "examples", "bench"];

/** Seconds altogether: they run before every `npm test`. */
export const QUICK: Step[] = [
  { name: "types", command: ["tsc", "--noEmit", "-p", "tsconfig.json"] },
  { name: "types of bench", command: ["tsc", "--noEmit", "-p", "bench/tsconfig.check.json"] },
  { name: "declarations", command: ["tsc", "--noEmit", "-p", "tsconfig.build.json"] },
  { name: "lint", command: ["oxlint", "--no-error-on-unmatched-pattern", ...LINTED] },
  { name: "layers", command: ["node", "scripts/check-layers.ts"] },
  { name: "wire bytes", command: ["node", "scripts/check-wire-bytes.ts"] },
  { name: "docs", command: ["node", "scripts/check-docs.ts"] },
  { name: "conflicts", command: ["node", "scripts/check-conflicts.ts"] },
];

export const THOROUGH: Step[] = [
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "unused", command: ["knip"] },
  { name: "build", command: ["node", "scripts/build.ts"] },
  { name: "public API", command: ["node", "scripts/public-api.ts", "--check"] },
  { name: "package", command: ["publint", "--strict"] },
];

/** Runs every step, prints one line for each and the output of those that fail; returns the names of the failed. */
export function runSteps(steps: Step[]): string[] {
  return steps
    .filter(({ name, command: [program = "", ...args] }) => {
      const start = performance.now();
      const { status, error, stdout, stderr } = spawnSync(join(ROOT, "node_modules/.bin", program), args, {
        cwd: ROOT,
        encoding: "utf8",
        maxBuffer: 64 << 20,
      });
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${status === 0 ? "✔" : "✖"} ${name} (${seconds} s)`);
      if (status !== 0) console.log(error?.message ?? (stdout + stderr).trimEnd());
      return status !== 0;
    })
    .map(({ name }) => name);
}
