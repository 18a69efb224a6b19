import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT } from "../../scripts/steps.ts";
import { plant } from "./plant.ts";

const TSC = join(ROOT, "node_modules/.bin/tsc");

const CONSUMER = {
  "package.json": '{ "type": "module" }',
  "app.ts": [
    'import * as millrace from "millrace";',
    'import * as testing from "millrace/testing";',
    "console.log([millrace, testing].map((entry) => Object.keys(entry).length > 0));",
    // Fails to compile if the types of the package resolve to any.
    "// @ts-expect-error",
    "millrace.thereIsNoSuchExport;",
  ].join("\n"),
};

function run(command: string, args: string[], cwd: string): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  assert.ifError(error);
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

describe("Built package", () => {
  const app = plant({ after }, CONSUMER);

  before(() => {
    const installed = join(app, "node_modules/millrace");
    mkdirSync(installed, { recursive: true });
    copyFileSync(join(ROOT, "package.json"), join(installed, "package.json"));
    // What the package depends on, and nothing of the repository's own source.
    symlinkSync(join(ROOT, "node_modules"), join(installed, "node_modules"));
    symlinkSync(join(ROOT, "node_modules/@types"), join(app, "node_modules/@types"));
    run(TSC, ["-p", "tsconfig.build.json", "--outDir", join(installed, "dist")], ROOT);
  });

  test("is imported by both of its names", () => {
    assert.equal(run(process.execPath, ["app.ts"], app), "[ true, true ]\n");
  });

  test("runs as a command", () => {
    run(process.execPath, ["node_modules/millrace/dist/cli.js", "--version"], app);
  });

  for (const [resolution, module] of Object.entries({ nodenext: "nodenext", bundler: "esnext" })) {
    test(`type-checks in a strict project with ${resolution} resolution`, () => {
      const options = ["--strict", "--exactOptionalPropertyTypes", "--types", "node", "--target", "esnext"];
      run(TSC, ["--noEmit", ...options, "--module", module, "--moduleResolution", resolution, "app.ts"], app);
    });
  }
});
