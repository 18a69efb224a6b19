import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { publicApi } from "../../scripts/public-api.ts";
import { ROOT } from "../../scripts/steps.ts";
import { plant } from "./plant.ts";

function plantPackage(context: TestContext): string {
  const root = plant(context, {
    "package.json": '{ "type": "module" }',
    "src/index.ts": 'export { over, A, type B } from "./parts.ts";\nexport { inner as outer } from "./inner.ts";',
    "src/testing.ts": 'export * from "./inner.ts";',
    "src/inner.ts": "export const inner: number = 1;",
    "src/parts.ts": [
      "/** A comment. */",
      "export class A<T> { #x: T; constructor(x: T) { this.#x = x; } get x(): T { return this.#x; } }",
      "export interface B { b?: string }",
      "export function over(a: string): string;",
      "export function over(a: number): number;",
      "export function over(a: unknown): unknown { return a; }",
      "export const internal: number = 1;",
    ].join("\n"),
  });
  for (const file of ["tsconfig.json", "tsconfig.build.json"]) copyFileSync(join(ROOT, file), join(root, file));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  return root;
}

test("Public API lists the exported declarations of both entries, sorted", (context) => {
  const expected = `// Written by scripts/public-api.ts: the names that users can import.

declare module "millrace" {
  class A<T> {
      #private;
      constructor(x: T);
      get x(): T;
  }
  interface B {
      b?: string;
  }
  const inner: number; // as outer
  function over(a: string): string;
  function over(a: number): number;
}

declare module "millrace/testing" {
  const inner: number;
}
`;
  // Sorted by the public name: A, B, outer, over.
  assert.equal(publicApi(plantPackage(context)), expected);
});

test("Public API check fails until the list is written, and again when an export changes", (context) => {
  const root = plantPackage(context);
  const run = (...args: string[]): number | null =>
    spawnSync(process.execPath, [join(ROOT, "scripts/public-api.ts"), ...args, root]).status;
  assert.equal(run("--check"), 1);
  assert.equal(run(), 0);
  assert.equal(run("--check"), 0);
  writeFileSync(join(root, "src/inner.ts"), "export const inner: string = '1';");
  assert.equal(run("--check"), 1);
});
