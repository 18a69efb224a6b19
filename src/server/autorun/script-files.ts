import { readdirSync } from "node:fs";
import { join } from "node:path";

const SCRIPT = /^[^._].*\.m?[jt]s$/;
const TYPES = /\.d\.m?ts$/;

/** What a folder of scripts holds. */
export interface ScriptFolder {
  /** Scripts in the order that they run in: by their paths, those of a folder where its name stands. */
  readonly scripts: readonly string[];
  /** The folder and those below it. */
  readonly folders: readonly string[];
}

/**
 * The scripts of a folder and of those below it: `.ts`, `.mts`, `.js` and `.mjs`. What begins with `_` or `.`, file or
 * folder, is for scripts to import, and so is `node_modules`. A folder that is not there holds none.
 */
export function scriptsIn(folder: string): ScriptFolder {
  const scripts: string[] = [];
  const folders: string[] = [folder];
  const entries = entriesOf(folder);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !/^[._]/.test(entry.name) && entry.name !== "node_modules") {
      const below = scriptsIn(path);
      scripts.push(...below.scripts);
      folders.push(...below.folders);
    } else if (SCRIPT.test(entry.name) && !TYPES.test(entry.name) && !entry.isDirectory()) scripts.push(path);
  }
  return { scripts, folders };
}

function entriesOf(folder: string) {
  try {
    // By UTF-16 unit and not by language: the order is the same on every machine.
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
