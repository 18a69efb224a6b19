import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** The Go that builds. */
const GO = process.env["GO"] ?? "go";

/** Builds a Go program outside of the repository, once for each version. @returns its path */
export function goTool(module: string, version: string): string {
  const folder = join(tmpdir(), `millrace-conformance/${basename(module)}-${version}`);
  const program = join(folder, basename(module));
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GOBIN: folder, GOFLAGS: "-mod=mod" };
  const { status, stderr, error } = spawnSync(GO, ["install", `${module}@${version}`], { encoding: "utf8", env });
  if (status !== 0) throw new Error(`${module} could not be built by Go: ${error?.message ?? stderr}`);
  return program;
}
