import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PACKAGE = "http-cache-tests";
const VERSION = "0.4.5";

/** Installs the cut of the suite that npm has, outside of the repository. @returns its folder */
export function packagedSuite(): string {
  const folder = join(tmpdir(), `millrace-conformance/${PACKAGE}-${VERSION}`);
  const suite = join(folder, "node_modules", PACKAGE);
  if (existsSync(join(suite, "package.json"))) return suite;
  mkdirSync(folder, { recursive: true });
  const args = ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, stderr } = spawnSync("npm", [...args, `${PACKAGE}@${VERSION}`], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${PACKAGE} could not be installed: ${stderr}`);
  return suite;
}
