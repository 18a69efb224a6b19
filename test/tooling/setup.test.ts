import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { ROOT } from "../../scripts/steps.ts";
import { plant } from "./plant.ts";

interface Tool {
  package: string;
  commands: string[];
}

interface Setup {
  packagesAreCurrent(root: string): boolean;
  ensureTools(tools?: Tool[]): void;
}

// Plain JavaScript without declarations, because the oldest Node that starts it reads no types.
const url = new URL("../../scripts/setup.mjs", import.meta.url).href;
const setup = (await import(url)) as Setup;

const LOCK = {
  packages: {
    "": { version: "0.0.0" },
    "node_modules/a": { version: "1.0.0" },
    "node_modules/b": { version: "2.0.0" },
  },
};

function plantClone(context: TestContext, installed: object | undefined, version = process.version): string {
  const root = plant(context, {
    "package.json": JSON.stringify({ devDependencies: { node: version.slice(1) } }),
    "package-lock.json": JSON.stringify(LOCK),
    "print.ts": "console.log(JSON.stringify(process.argv.slice(2) satisfies string[])); process.exitCode = 7;",
    ...(installed && { "node_modules/.package-lock.json": JSON.stringify({ packages: installed }) }),
  });
  mkdirSync(join(root, "scripts"));
  copyFileSync(join(ROOT, "scripts/setup.mjs"), join(root, "scripts/setup.mjs"));
  return root;
}

function linkNode(root: string): void {
  mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
  symlinkSync(process.execPath, join(root, "node_modules/.bin/node"));
}

const CURRENT = { "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "2.0.0" } };

test("Setup takes an installation that has every locked version for current", (context) => {
  assert.equal(setup.packagesAreCurrent(plantClone(context, CURRENT)), true);
});

test("Setup installs again when a package is missing, has another version or nothing is there", (context) => {
  const { "node_modules/a": a } = CURRENT;
  assert.equal(setup.packagesAreCurrent(plantClone(context, { "node_modules/a": a })), false);
  const older = { ...CURRENT, "node_modules/b": { version: "1.9.0" } };
  assert.equal(setup.packagesAreCurrent(plantClone(context, older)), false);
  assert.equal(setup.packagesAreCurrent(plantClone(context, undefined)), false);
});

test("Setup does not ask for optional packages of other platforms", (context) => {
  const root = plantClone(context, CURRENT);
  const lock = { packages: { ...LOCK.packages, "node_modules/c": { version: "3.0.0", optional: true } } };
  writeFileSync(join(root, "package-lock.json"), JSON.stringify(lock));
  assert.equal(setup.packagesAreCurrent(root), true);
});

test("Setup runs a script with its arguments and ends with its exit code", (context) => {
  const root = plantClone(context, CURRENT);
  linkNode(root);
  const args = [join(root, "scripts/setup.mjs"), "print.ts", "--port", "a b", "$HOME"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.deepEqual({ status, stdout, stderr }, { status: 7, stdout: '["--port","a b","$HOME"]\n', stderr: "" });
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`Setup passes ${signal} on to the script and waits for its end`, async (context) => {
    const root = plantClone(context, CURRENT);
    linkNode(root);
    const script = `process.on("${signal}", () => setTimeout(() => process.exit(9), 50)); setInterval(() => {}, 1000); console.log("up");`;
    writeFileSync(join(root, "wait.ts"), script);
    const child = spawn(process.execPath, [join(root, "scripts/setup.mjs"), "wait.ts"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill(signal);
    assert.deepEqual(await once(child, "exit"), [9, null]);
  });
}

test("Setup runs the install script of the pinned Node by hand where npm did not", (context) => {
  const root = plantClone(context, CURRENT, "v99.0.0");
  const folder = join(root, "node_modules/node");
  mkdirSync(join(root, "node_modules/.bin"));
  mkdirSync(folder);
  const install =
    'const fs = require("fs"); fs.mkdirSync("bin"); fs.writeFileSync("bin/node", "#!/bin/sh\\necho v99.0.0\\n", { mode: 0o755 });';
  writeFileSync(join(folder, "installArchSpecificPackage.js"), install);
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/setup.mjs")], { encoding: "utf8" });
  assert.equal(stderr, "setup: fetching Node v99.0.0 …\n");
  assert.equal(status, 0);
  assert.ok(existsSync(join(root, "node_modules/.bin/node")));
});

test("Setup says so when the pinned Node cannot be had", (context) => {
  const root = plantClone(context, CURRENT, "v99.0.0");
  const folder = join(root, "node_modules/node");
  mkdirSync(folder);
  linkNode(root);
  writeFileSync(join(folder, "installArchSpecificPackage.js"), "");
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/setup.mjs")], { encoding: "utf8" });
  assert.match(stderr, new RegExp(`setup: node_modules/\\.bin/node answers nothing where v99\\.0\\.0 is pinned`));
  assert.equal(status, 1);
});

/** A PATH of a few scripts, for as long as the test runs. */
function plantPath(context: TestContext, commands: Record<string, string>): string {
  const bin = plant(context, commands);
  for (const command of Object.keys(commands)) chmodSync(join(bin, command), 0o755);
  const path = process.env["PATH"];
  context.after(() => (process.env["PATH"] = path));
  process.env["PATH"] = bin;
  return bin;
}

test("Setup fails with a hint where a tool is missing and nothing may be installed", (context) => {
  const bin = plantPath(context, { wrk: "#!/bin/sh\n" });
  writeFileSync(join(bin, "notes"), "not a program");
  const wrk = { package: "wrk", commands: ["wrk"] };
  setup.ensureTools([wrk, { package: "x", commands: ["absent", "wrk"] }]);
  assert.throws(() => setup.ensureTools([wrk, { package: "chromium", commands: ["absent", "notes"] }]), {
    message: /absent or notes[^]*apt-get install --no-install-recommends chromium$/,
  });
});

test("Setup installs only the missing tools with apt-get as root, after an update", (context) => {
  const install =
    '#!/bin/sh\necho "$DEBIAN_FRONTEND $@" >> "$0.log"\n[ "$1" = update ] || /bin/cp "$0" "${0%/*}/chromium"\n';
  const bin = plantPath(context, { wrk: "#!/bin/sh\n", "apt-get": install });
  const wrk = { package: "wrk", commands: ["wrk"] };
  const chromium = { package: "chromium", commands: ["chromium"] };
  const { getuid } = process;
  context.after(() => Object.assign(process, { getuid }));
  process.getuid = () => 1000;
  assert.throws(() => setup.ensureTools([wrk, chromium]), /chromium/);
  process.getuid = () => 0;
  setup.ensureTools([wrk, chromium]);
  assert.equal(
    readFileSync(join(bin, "apt-get.log"), "utf8"),
    "noninteractive update -q\nnoninteractive install -q -y --no-install-recommends chromium\n",
  );
});

test("Setup has nothing to do on a machine that is set up, and says nothing", () => {
  const args = [join(ROOT, "scripts/setup.mjs"), "--tools"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "" });
});
