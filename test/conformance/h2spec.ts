import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const MODULE = "github.com/summerwind/h2spec";

/** The newest version that Go's modules know. */
export const H2SPEC_VERSION = "2.2.1";

/** What h2spec said. */
export interface H2specOutcome {
  readonly tests: number;
  readonly passed: number;
  /** The cases that failed, in its words. */
  readonly failures: readonly string[];
}

/** Builds h2spec outside of the repository. @returns the command */
export function packagedH2spec(): string {
  const folder = join(tmpdir(), `millrace-conformance/h2spec-${H2SPEC_VERSION}`);
  const command = join(folder, "h2spec");
  if (existsSync(command)) return command;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "go.mod"), `module h2spec\n\nrequire ${MODULE} v${H2SPEC_VERSION}+incompatible\n`);
  const env = { ...process.env, GOFLAGS: "-mod=mod" };
  const build = spawnSync("go", ["build", "-o", command, `${MODULE}/cmd/h2spec`], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  if (build.status !== 0) throw new Error(`h2spec could not be built: ${build.stderr || String(build.error)}`);
  return command;
}

/** Plays all parts of it, strictly, against a server on this machine. */
export async function playH2spec(port: number, isSecure: boolean): Promise<H2specOutcome> {
  const args = ["-h", "127.0.0.1", "-p", String(port), "--strict", "-o", "5", ...(isSecure ? ["-t", "-k"] : [])];
  const run = promisify(execFile)(packagedH2spec(), args, { maxBuffer: 2 ** 24 });
  // It ends with 1 when a case fails; what it says is the same.
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  const [, tests = "0", passed = "0"] = /(\d+) tests, (\d+) passed/.exec(stdout) ?? [];
  const report = stdout.slice(stdout.indexOf("Failures:"));
  const failures = stdout.includes("Failures:")
    ? [...report.matchAll(/× (?:\d+: )?(.*)/g)].map(([, what = ""]) => what)
    : [];
  return { tests: Number(tests), passed: Number(passed), failures };
}
