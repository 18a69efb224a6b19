import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Finding } from "../../scripts/source.ts";

/** Writes files into a folder that goes with the test. */
export function plant(context: { after: (clean: () => void) => void }, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "millrace-tooling-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

export function places(findings: Finding[]): string[] {
  return findings.map(({ file, line, column }) => `${file}:${line}:${column}`);
}
