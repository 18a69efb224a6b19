import { createReadStream, createWriteStream, type Dirent, type Stats } from "node:fs";
import { open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createBrotliCompress, createGzip, createZstdCompress } from "node:zlib";
import { isCompressibleType } from "../cache/coding-types.ts";
import { mediaTypeOf } from "../helpers/media-types.ts";
import { directiveLine, DIRECTIVES_HEAD } from "../hosts/loader/directive-line.ts";
import { isVisibleName } from "../hosts/loader/file-path.ts";
import { ENDINGS } from "../hosts/loader/precoded-files.ts";

/** A content coding, by its own name. */
export type FileCoding = "br" | "zstd" | "gzip";

/** What became of a file in one coding. */
export interface Outcome {
  /** The file beside that it is about. */
  readonly file: string;
  readonly coding: FileCoding;
  readonly kind: "made" | "current" | "no-gain" | "failed";
  /** Octets of the file and, unless it failed, of what stands beside it. */
  readonly before: number;
  readonly after: number;
  readonly error?: Error;
}

/** A file that is worth compressing. */
export interface Candidate {
  readonly file: string;
  readonly size: number;
}

/** The threads of Node's pool: what is more would wait for them. */
const AT_A_TIME = 4;

/**
 * The files below a folder that compress well, the largest first: what takes longest must not come last.
 *
 * Left out are those that a server shows nobody, links, small files, and those whose first line `!> …` makes something
 * else of them when they are asked for.
 */
export async function candidatesIn(folder: string, minSize: number): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!isCandidate(entry, file.slice(folder.length))) continue;
    const { size } = await stat(file);
    if (size >= Math.max(1, minSize) && !(await hasDirectives(file))) found.push({ file, size });
  }
  return found.sort((a, b) => b.size - a.size);
}

function isCandidate(entry: Dirent, path: string): boolean {
  if (!entry.isFile() || !isCompressibleType(mediaTypeOf(entry.name))) return false;
  return path
    .split(/[/\\]/)
    .every((name, index) => name === "" || isVisibleName(name) || (index === 1 && name === ".well-known"));
}

async function hasDirectives(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(DIRECTIVES_HEAD), 0, DIRECTIVES_HEAD, 0);
    return directiveLine(buffer.subarray(0, bytesRead)) !== undefined;
  } finally {
    await handle.close();
  }
}

/**
 * Compresses files at the highest levels, several at a time, and writes what becomes smaller beside them.
 *
 * @param tell learns of each file and coding as it is done
 * @param signal stops the work; nothing half-written is left
 */
export async function precompressFiles(
  candidates: readonly Candidate[],
  codings: readonly FileCoding[],
  tell: (outcome: Outcome) => void,
  signal?: AbortSignal,
): Promise<void> {
  const work = candidates.flatMap((candidate) => codings.map((coding) => ({ candidate, coding })));
  const worker = async (): Promise<void> => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) {
      signal?.throwIfAborted();
      tell(await precompress(next.candidate, next.coding, signal));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

async function precompress({ file, size }: Candidate, coding: FileCoding, signal?: AbortSignal): Promise<Outcome> {
  const sibling = file + ENDINGS[coding]!;
  const about = { file: sibling, coding, before: size };
  try {
    const source = await stat(file);
    const there = await stat(sibling).catch(() => undefined);
    // As the loader judges it.
    if (there !== undefined && there.mtimeMs >= source.mtimeMs && there.size > 0) {
      return { ...about, kind: "current", after: there.size };
    }
    const after = await write(file, source, sibling, coding, signal);
    return { ...about, kind: after < source.size ? "made" : "no-gain", after };
  } catch (error) {
    signal?.throwIfAborted();
    return { ...about, kind: "failed", after: 0, error: error as Error };
  }
}

/** Writes a whole file or none: a server may look at any time. @returns its octets */
async function write(
  file: string,
  source: Stats,
  sibling: string,
  coding: FileCoding,
  signal: AbortSignal | undefined,
): Promise<number> {
  // A dotfile is served to nobody.
  const draft = join(dirname(sibling), `.${basename(sibling)}.${process.pid}`);
  try {
    const target = createWriteStream(draft, { flags: "wx", mode: source.mode & 0o777 });
    await pipeline(createReadStream(file), ENCODERS[coding](source.size), target, { signal });
    const { size } = await stat(draft);
    const now = await stat(file);
    if (now.mtimeMs !== source.mtimeMs || now.size !== source.size) {
      throw new Error(`${file} changed while it was being compressed`);
    }
    if (size >= source.size) return size;
    // The file's own time, rounded up: older would mean that it was made from something else.
    await utimes(draft, source.atime, new Date(Math.ceil(source.mtimeMs)));
    await rename(draft, sibling);
    return size;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The levels above 19 of zstd ask the client for a window above the 8 MB that it need not have. RFC 9659 §3. */
const ENCODERS: Readonly<Record<FileCoding, (size: number) => Transform>> = {
  br: (size) =>
    createBrotliCompress({
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: Math.min(size, 2 ** 30) },
    }),
  zstd: (size) => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 19 }, pledgedSrcSize: size }),
  gzip: () => createGzip({ level: 9 }),
};
