import { isUtf8 } from "node:buffer";
import { type Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { escapeUrl } from "../../helpers/escape.ts";
import { canonicalPath } from "../../http/target.ts";
import { isVisibleName } from "./file-path.ts";

/** A file or folder as a listing shows it. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: "folder" | "file";
  /** Octets; undefined for folders and when it cannot be told. */
  readonly size: number | undefined;
  /** Milliseconds since 1970; undefined when it cannot be told. */
  readonly modified: number | undefined;
  /** The last segment of its URL, or undefined when no URL leads there. */
  readonly segment: string | undefined;
}

/** What a folder holds. */
export interface FolderEntries {
  readonly entries: readonly FolderEntry[];
  /** How many more there are. */
  readonly omitted: number;
}

/** Entries of one folder that are shown at most: each costs a question to the file system. */
const MOST_ENTRIES = 10_000;
const AT_A_TIME = 64;

/**
 * The entries of a folder that may be seen: no dotfiles, nothing but files and folders.
 *
 * @param mayFollow whether the link at a path may be shown
 */
export async function readFolder(
  folder: string,
  mayFollow: (link: string) => Promise<boolean>,
): Promise<FolderEntries> {
  const all = await readdir(folder, { withFileTypes: true, encoding: "buffer" });
  const visible = all.filter(({ name }) => isVisibleName(name.toString()));
  const shown = visible.slice(0, MOST_ENTRIES);
  const entries: FolderEntry[] = [];
  for (let start = 0; start < shown.length; start += AT_A_TIME) {
    const some = shown.slice(start, start + AT_A_TIME);
    const read = await Promise.all(some.map((dirent) => entryOf(folder, dirent, mayFollow)));
    for (const entry of read) if (entry !== undefined) entries.push(entry);
  }
  return { entries, omitted: visible.length - shown.length };
}

async function entryOf(
  folder: string,
  dirent: Dirent<Buffer>,
  mayFollow: (link: string) => Promise<boolean>,
): Promise<FolderEntry | undefined> {
  const name = dirent.name.toString();
  const segment = isUtf8(dirent.name) ? segmentOf(name) : undefined;
  if (segment === undefined) {
    const kind = dirent.isDirectory() ? "folder" : "file";
    return dirent.isFile() || dirent.isDirectory()
      ? { name, kind, size: undefined, modified: undefined, segment }
      : undefined;
  }
  const path = join(folder, name);
  if (dirent.isSymbolicLink() && !(await mayFollow(path))) return undefined;
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) {
    return { name, kind: "folder", size: undefined, modified: stats.mtimeMs, segment };
  }
  return stats?.isFile() === true
    ? { name, kind: "file", size: stats.size, modified: stats.mtimeMs, segment }
    : undefined;
}

/** How a name is written in a URL, if the way back gives the same name: no URL has control characters or `\`. */
function segmentOf(name: string): string | undefined {
  const segment = escapeUrl(name);
  return canonicalPath(`/${segment}`) === `/${name}` ? segment : undefined;
}
