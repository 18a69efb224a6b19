import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { QUICK, ROOT, THOROUGH } from "../../scripts/steps.ts";
import { plant } from "./plant.ts";

const SETTINGS = [
  "tsconfig.json",
  "tsconfig.build.json",
  "bench/tsconfig.json",
  "bench/tsconfig.check.json",
  ".oxlintrc.json",
  ".oxfmtrc.json",
  "knip.json",
  "package.json",
];

/** Runs the command of a step in another folder, with this project's settings. */
function runStep(
  context: TestContext,
  name: string,
  files: Record<string, string>,
): { status: number | null; output: string } {
  const [program = "", ...args] = [...QUICK, ...THOROUGH].find((step) => step.name === name)?.command ?? [];
  const settings = SETTINGS.map((file) => [file, readFileSync(join(ROOT, file), "utf8")]);
  const root = plant(context, { ...files, ...Object.fromEntries(settings) });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  const bin = join(ROOT, "node_modules/.bin", program);
  const { status, stdout, stderr } = spawnSync(bin, args, { cwd: root, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

const CLEAN = {
  "src/index.ts": 'export { read } from "./read.ts";\n',
  "src/read.ts":
    "export async function read(path: string): Promise<string> {\n  return await Promise.resolve(path);\n}\n",
  "bench/run.ts": 'import { read } from "../src/read.ts";\n\nawait read("");\n',
};

for (const name of ["types", "types of bench", "declarations", "lint", "format"]) {
  test(`Check of ${name} passes clean code`, (context) => {
    const { status, output } = runStep(context, name, CLEAN);
    assert.equal(status, 0, output);
  });
}

const FAULTS: Record<string, [step: string, path: string, text: string, said: RegExp]> = {
  "an index that may be undefined": ["types", "src/a.ts", "export const a = (b: string[]): string => b[0];", /TS2322/],
  "undefined given to an optional property": [
    "types",
    "src/a.ts",
    "export const a: { b?: 1 } = { b: undefined };",
    /TS2375/,
  ],
  "an enum": ["types", "src/a.ts", "export enum A { B }", /TS1294/],
  "a type imported as a value": [
    "types",
    "src/a.ts",
    'import { A } from "./b.ts";\nexport type B = A;',
    /TS2307|TS1484/,
  ],
  "a fault in a type test": ["types", "test/a.test-d.ts", "const a: string = 1;\nexport { a };", /TS2322/],
  "a fault of types in the benchmark": ["types of bench", "bench/a.ts", "export const a: string = 1;", /TS2322/],
  "an export without its type": ["declarations", "src/a.ts", "export const a = Math.random();", /TS9010/],
  "a promise left alone": [
    "lint",
    "src/a.ts",
    'import { read } from "./read.ts";\nread("a");\n',
    /no-floating-promises/,
  ],
  "a promise left alone in the benchmark": [
    "lint",
    "bench/a.ts",
    'import { read } from "../src/read.ts";\nread("a");\n',
    /no-floating-promises/,
  ],
  "a default export": ["lint", "src/a.ts", "export default 1;\n", /no-default-export/],
  any: ["lint", "src/a.ts", "export const a: any = 1;\n", /no-explicit-any/],
  "a circle of imports": [
    "lint",
    "src/read.ts",
    'import { read as a } from "./index.ts";\nexport const read: unknown = a;\n',
    /no-cycle/,
  ],
  "a builtin without node:": [
    "lint",
    "src/a.ts",
    'import { join } from "path";\nexport const a = join("a");\n',
    /prefer-node-protocol/,
  ],
  "single quotes": ["format", "src/a.ts", "export const a = 'a';\n", /src\/a\.ts/],
  "a line that is too short": ["format", "src/a.ts", "export const a =\n  1;\n", /src\/a\.ts/],
  "an export that nobody uses": [
    "unused",
    "src/read.ts",
    `${CLEAN["src/read.ts"]}export const unused: number = 1;\n`,
    /unused/,
  ],
  "a file that nobody uses": ["unused", "src/a.ts", "export const a: number = 1;\n", /Unused files[^]*src\/a\.ts/],
};

for (const [fault, [step, path, text, said]] of Object.entries(FAULTS)) {
  test(`Check of ${step} finds ${fault}`, (context) => {
    const { status, output } = runStep(context, step, { ...CLEAN, [path]: text });
    assert.match(output, said);
    assert.notEqual(status, 0, output);
  });
}
