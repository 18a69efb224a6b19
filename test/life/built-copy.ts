import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Another millrace, with the app of these tests. */
export interface BuiltCopy {
  readonly cli: string;
  readonly app: string;
}

/** Builds millrace into a folder of its own, as another version would be there. */
export function builtCopy(folder: string): BuiltCopy {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts")], { cwd: ROOT, stdio: "inherit" });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(ROOT, "dist"), join(folder, "dist"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const about = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, unknown>;
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...about, version: "99.0.0" }));
  const text = readFileSync(join(ROOT, "test/fixtures/life-app.ts"), "utf8");
  const app = join(folder, "app.ts");
  writeFileSync(app, text.replaceAll(/"\.\.\/\.\.\/src\/(.*)\.ts"/g, `"./dist/$1.js"`));
  return { cli: join(folder, "dist/cli.js"), app };
}
