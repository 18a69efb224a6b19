// node scripts/setup.mjs [--tools] [script [argument…]]
//
// Makes a fresh clone ready and then runs a script with the Node that package.json pins. This file is plain JavaScript
// because the Node that starts it is the machine's own, which may be as old as 20.

import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { constants as os } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What the tests start beside Node: the commands that will do, and the Debian package that has one of them. */
export const TOOLS = [
  { package: "curl", commands: ["curl"] },
  { package: "openssl", commands: ["openssl"] },
  { package: "wrk", commands: ["wrk"] },
  { package: "nghttp2-client", commands: ["nghttp"] },
  { package: "perl-base", commands: ["perl"] },
  { package: "systemd", commands: ["systemd-notify"] },
  { package: "chromium", commands: ["chromium", "chromium-browser", "google-chrome"] },
];

/** A fault of the machine or the network, told without a stack. */
export class SetupError extends Error {}

/** @param {string} root the folder of package.json */
export function ensurePackages(root) {
  if (!packagesAreCurrent(root)) {
    say("installing npm packages");
    run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], root, "npm ci failed");
  }
  ensurePinnedNode(root);
}

/** Compares contents, not times: a checkout gives files new times, and an interrupted install leaves a part. */
export function packagesAreCurrent(root) {
  const wanted = readJson(join(root, "package-lock.json"));
  const present = readJson(join(root, "node_modules/.package-lock.json"));
  if (present === undefined) return false;
  return Object.entries(wanted.packages).every(
    ([path, { version, optional }]) => path === "" || optional || present.packages[path]?.version === version,
  );
}

/** The npm package `node` fetches its binary in an install script, which npm may have been told not to run. */
function ensurePinnedNode(root) {
  const wanted = `v${readJson(join(root, "package.json")).devDependencies.node}`;
  if (versionOf(pinnedNode(root)) === wanted) return;
  say(`fetching Node ${wanted}`);
  const folder = join(root, "node_modules/node");
  run(process.execPath, ["installArchSpecificPackage"], folder, `Node ${wanted} was not fetched`);
  // npm made no link to a binary that was not there yet.
  rmSync(pinnedNode(root), { force: true });
  symlinkSync("../node/bin/node", pinnedNode(root));
  const found = versionOf(pinnedNode(root));
  if (found !== wanted) {
    throw new SetupError(`node_modules/.bin/node answers ${found ?? "nothing"} where ${wanted} is pinned`);
  }
}

function pinnedNode(root) {
  return join(root, "node_modules/.bin/node");
}

function versionOf(node) {
  const { status, stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Every tool exists afterwards; a machine that may not be changed gets a message, never a skipped test. */
export function ensureTools(tools = TOOLS) {
  if (missing(tools).length === 0) return;
  const packages = missing(tools).map((tool) => tool.package);
  if (process.getuid?.() === 0 && onPath("apt-get")) {
    say(`installing ${packages.join(", ")} with apt-get`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    run("apt-get", ["update", "-q"], "/", "apt-get update failed", env);
    const options = ["install", "-q", "-y", "--no-install-recommends"];
    run("apt-get", [...options, ...packages], "/", "apt-get install failed", env);
  }
  const left = missing(tools);
  if (left.length === 0) return;
  const names = left.map((tool) => tool.commands.join(" or ")).join(", ");
  const hint = `apt-get install --no-install-recommends ${left.map((tool) => tool.package).join(" ")}`;
  throw new SetupError(`The tests need programs that are not on PATH: ${names}\nOn Debian or Ubuntu, as root: ${hint}`);
}

function missing(tools) {
  return tools.filter((tool) => !tool.commands.some(onPath));
}

function onPath(command) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a script with the pinned Node, passes signals on and ends as it ended. */
export function runScript(root, script, args) {
  if (!existsSync(join(root, script))) throw new SetupError(`There is no ${script} to run`);
  const bin = join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: bin + delimiter + process.env.PATH };
  const child = spawn(join(bin, "node"), [script, ...args], { cwd: root, env, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // A terminal sends Ctrl-C to the whole process group: passed on, it would reach the script twice, and a second
    // Ctrl-C means "stop at once".
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + os.signals[signal];
  });
}

function run(command, args, cwd, failure, env = process.env) {
  // npm's own settings for this run (npm_config_*) are inherited on purpose.
  const { status, error } = spawnSync(command, args, { cwd, env, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new SetupError(`${failure}${error ? `: ${error.message}` : ""}`);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function say(text) {
  process.stderr.write(`setup: ${text} …\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const args = process.argv.slice(2);
  const tools = args[0] === "--tools" && args.shift() !== undefined;
  try {
    ensurePackages(root);
    if (tools) ensureTools();
    if (args[0] !== undefined) runScript(root, args[0], args.slice(1));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`setup: ${error.message}\n`);
    process.exitCode = 1;
  }
}
