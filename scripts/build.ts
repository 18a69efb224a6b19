// npm run build: src/ → dist/, JavaScript and declarations.

import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./steps.ts";

rmSync(join(ROOT, "dist"), { recursive: true, force: true });
const compiler = join(ROOT, "node_modules/.bin/tsc");
const { status } = spawnSync(compiler, ["-p", "tsconfig.build.json"], { cwd: ROOT, stdio: "inherit" });
if (status === 0) chmodSync(join(ROOT, "dist/cli.js"), 0o755);
process.exitCode = status ?? 1;
