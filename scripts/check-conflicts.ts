// node scripts/check-conflicts.ts [root]
//
// A merge that was not finished leaves its marks in the files. Compilers stumble over them in code; in documents and data
// nobody does, so every text file is looked at.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { list, position, runCheck } from "./source.ts";
import type { Finding } from "./source.ts";

/** What git writes around and between the two sides, and before their common ancestor. */
const MARK = /^(?:(?:<{7}|>{7}|\|{7})(?: .*)?|={7})\r?$/gm;

/** Octets in which git, too, looks for NUL to tell what is no text. */
const SNIFFED = 8000;

export function checkConflicts(root: string): Finding[] {
  return list(root, "**/*", "**/.*", "**/.*/**").flatMap((file) => {
    if (!statSync(join(root, file)).isFile()) return [];
    const octets = readFileSync(join(root, file));
    if (octets.subarray(0, SNIFFED).includes(0)) return [];
    const text = octets.toString("utf8");
    return [...text.matchAll(MARK)].map(({ index, 0: mark }) => ({
      file,
      ...position(text, index),
      message: `"${mark.trimEnd()}" is left of a merge that was not finished`,
    }));
  });
}

if (import.meta.main) runCheck(checkConflicts);
