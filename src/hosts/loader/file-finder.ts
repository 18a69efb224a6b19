import { type OpenFile, type OpenOptions, openRegularFile } from "./descriptor.ts";
import { fileOf } from "./file-path.ts";

/** What a path means on the disk. Who gets an open file must release its descriptor. */
export type Found =
  | {
      readonly kind: "file";
      readonly open: OpenFile;
      /** The path by which it was found. */
      readonly file: string;
      /** Paths that would have come first, and were not there. */
      readonly absent: readonly string[];
    }
  | { readonly kind: "folder"; readonly folder: string }
  /** The same thing has another path, which is the one to use. */
  | { readonly kind: "elsewhere"; readonly path: string }
  | { readonly kind: "nothing" };

/** How paths are turned into files. */
export interface FinderOptions {
  /** The folder as it was given, absolute; links in it are not resolved. */
  readonly folder: string;
  /** Names of files that stand for their folder, the first that exists. */
  readonly index: readonly string[];
  /** Whether `/about` means `about.html`, and `/about.html` is sent there. */
  readonly cleanUrls: boolean;
}

const NOTHING: Found = { kind: "nothing" };

/**
 * Finds and opens what a canonical path means.
 *
 * @throws HttpError 503 when there are no descriptors left; the system's error when the disk fails
 */
export async function findFile(path: string, finder: FinderOptions, options: OpenOptions): Promise<Found> {
  const file = fileOf(finder.folder, path);
  if (file === undefined) return NOTHING;
  if (path.endsWith("/")) return findIndex(file, finder, options);
  const open = await openRegularFile(file, options);
  if (open !== undefined && open !== "folder") {
    const clean = finder.cleanUrls ? cleanPathOf(path, finder.index) : undefined;
    if (clean === undefined) return { kind: "file", open, file, absent: [] };
    open.descriptor.release();
    return { kind: "elsewhere", path: clean };
  }
  if (finder.cleanUrls) {
    const page = await openRegularFile(`${file}.html`, options);
    // A folder of that name is no hindrance, and would not become one.
    const absent = open === "folder" ? [] : [file];
    if (page !== undefined && page !== "folder") return { kind: "file", open: page, file: `${file}.html`, absent };
  }
  return open === "folder" ? { kind: "elsewhere", path: `${path}/` } : NOTHING;
}

async function findIndex(folder: string, finder: FinderOptions, options: OpenOptions): Promise<Found> {
  const absent: string[] = [];
  for (const name of finder.index) {
    const file = folder + name;
    const open = await openRegularFile(file, options);
    if (open !== undefined && open !== "folder") return { kind: "file", open, file, absent };
    if (open === undefined) absent.push(file);
  }
  const open = await openRegularFile(folder, options);
  if (open === "folder") return { kind: "folder", folder };
  open?.descriptor.release();
  return NOTHING;
}

/** `/about` for `/about.html`, `/docs/` for `/docs/index.html`, undefined for a path that is clean. */
function cleanPathOf(path: string, index: readonly string[]): string | undefined {
  if (!path.endsWith(".html")) return undefined;
  const slash = path.lastIndexOf("/") + 1;
  return index.includes(path.slice(slash)) ? path.slice(0, slash) : path.slice(0, -".html".length);
}
