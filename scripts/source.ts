// What the checks share: walking a folder of TypeScript, parsing it, and saying what is wrong where.

import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import type { ParseResult } from "oxc-parser";

/** One fault, at a place an editor can open. */
export interface Finding {
  file: string;
  line: number;
  column: number;
  message: string;
}

/** A parsed file; `path` is relative to the root and uses slashes on every system. */
export class Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ParseResult;

  constructor(root: string, path: string) {
    this.path = path;
    this.text = readFileSync(join(root, path), "utf8");
    this.tree = parseSync(path, this.text);
    const [error] = this.tree.errors;
    if (error) throw new Error(`${path}: ${error.message}`);
  }

  finding(offset: number, message: string): Finding {
    return { file: this.path, ...position(this.text, offset), message };
  }
}

/** Paths below `root` that match, sorted, without what is installed or built. */
export function list(root: string, ...patterns: string[]): string[] {
  const skipped = new Set(["node_modules", "dist", ".git"]);
  const paths = globSync(patterns, {
    cwd: root,
    exclude: (entry) => entry.split(/[\\/]/).some((part) => skipped.has(part)),
  });
  return paths.map((path) => path.replaceAll("\\", "/")).sort();
}

export function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

/** Runs a check as a command: `node scripts/check-x.ts [root]`. */
export function runCheck(check: (root: string) => Finding[]): void {
  const root = process.argv[2] ?? join(import.meta.dirname, "..");
  if (!existsSync(root)) throw new Error(`There is no folder ${root}`);
  const findings = check(root);
  for (const { file, line, column, message } of findings) console.error(`${file}:${line}:${column}: ${message}`);
  if (findings.length > 0) process.exitCode = 1;
}
