import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { loadavg } from "node:os";
import { find } from "./peers/native.ts";
import { benchPath } from "./peers/peer.ts";

/** Debian's package for each program that the benchmark calls. */
const PROGRAMS: Readonly<Record<string, string>> = {
  nginx: "nginx-light",
  h2o: "h2o",
  caddy: "caddy",
  varnishd: "varnish",
  wrk: "wrk",
  h2load: "nghttp2-client",
  taskset: "util-linux",
};

/** Installs what is missing, as far as it may, and returns what the reader should know. Throws when nothing can be measured. */
export function setUp(): string[] {
  if (process.platform !== "linux") throw new Error("the benchmark reads /proc: it runs on Linux only");
  const notes: string[] = [];
  if (!upToDate()) notes.push(...installPackages());
  notes.push(...installPrograms());
  for (const program of ["wrk", "taskset"])
    if (find(program) === undefined) throw new Error(`${program} is not installed`);
  const [load = 0] = loadavg();
  if (load > 0.7) notes.push(`load average ${load.toFixed(2)}: others are at work here, figures are doubtful`);
  return notes;
}

function upToDate(): boolean {
  const installed = benchPath("node_modules/.package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(benchPath("package-lock.json")).mtimeMs;
}

function installPackages(): string[] {
  console.error("installing the peers: npm ci in bench/");
  const { status } = spawnSync("npm", ["ci"], { cwd: benchPath("."), stdio: ["ignore", "ignore", "inherit"] });
  return status === 0 ? [] : ["npm ci in bench/ failed: peers from npm are left out"];
}

function installPrograms(): string[] {
  const packages = Object.keys(PROGRAMS)
    .filter((program) => find(program) === undefined)
    .map((program) => PROGRAMS[program] ?? "");
  if (packages.length === 0) return [];
  if (process.getuid?.() !== 0 || find("apt-get") === undefined) return [`not installed: ${packages.join(", ")}`];
  console.error(`installing ${packages.join(", ")} with apt-get`);
  // At run level 1 Debian's scripts do not start the services they install.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const apt = (...args: string[]): boolean =>
    spawnSync("apt-get", ["-qq", ...args], { env, stdio: "ignore" }).status === 0;
  const done = apt("update") && apt("install", "-y", "--no-install-recommends", ...packages);
  return done ? [] : [`apt-get could not install ${packages.join(", ")}`];
}
