import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A program, and the environment that it needs. */
export interface DebianTool {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * A program on PATH, or one of a Debian package that is unpacked outside of the repository and not installed: installed, a
 * server would begin to serve.
 *
 * @param name the package
 */
export function debianTool(name: string, program: string): DebianTool {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  const installed = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (installed !== undefined) return { path: installed, env: process.env };
  const root = unpacked(name);
  const libraries = readdirSync(join(root, "usr/lib")).map((each) => join(root, "usr/lib", each));
  const path = join(root, "usr/sbin", program);
  return { path, env: { ...process.env, LD_LIBRARY_PATH: libraries.join(":") } };
}

/** The package and those that it needs and this machine has not, in a folder. */
function unpacked(name: string): string {
  const folder = join(tmpdir(), `millrace-conformance/debian-${name}`);
  if (existsSync(folder)) return folder;
  const making = `${folder}-${process.pid}`;
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { cwd: making, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  mkdirSync(making, { recursive: true });
  try {
    const plan = run("apt-get", "install", "--simulate", "--no-install-recommends", name);
    const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, each]) => each!);
    run("apt-get", "download", "-q", ...packages);
    for (const file of readdirSync(making).filter((each) => each.endsWith(".deb"))) run("dpkg", "-x", file, ".");
    renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return folder;
}
