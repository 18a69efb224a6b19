import { createReadStream, createWriteStream, mkdirSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

/** When a log begins a new file, and how many old ones are kept. */
export interface Rotation {
  /** Octets that a file has at most, but for one batch of lines. Default: no limit. */
  readonly size?: number | undefined;
  /** Begins a new file each day, by the clock of this machine. Default: false. */
  readonly daily?: boolean | undefined;
  /** Old files that are kept: `.1` is the youngest. Default: 10. */
  readonly keep?: number | undefined;
  /** Compresses old files, but for the youngest, which others may still be writing to. Default: false. */
  readonly gzip?: boolean | undefined;
}

const KEEP = 10;
/** Milliseconds after which whoever has begun to rotate is taken for dead. */
const STALE = 10_000;

/**
 * Renames a log and the older ones: `.1` becomes `.2` and so on. Of several processes that want to, one does.
 *
 * @param inode of the log as the caller knows it: another one has been rotated already
 */
export function rotate(path: string, inode: number, { keep = KEEP, gzip = false }: Rotation): void {
  const lock = `${path}.rotating`;
  if (!take(lock)) return;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.ino !== inode) return;
    for (const ending of ["", ".gz"]) rmSync(`${path}.${keep}${ending}`, { force: true });
    for (let number = keep - 1; number > 0; number--) {
      for (const ending of ["", ".gz"]) move(`${path}.${number}${ending}`, `${path}.${number + 1}${ending}`);
    }
    if (keep === 0) rmSync(path);
    else renameSync(path, `${path}.1`);
  } finally {
    rmdirSync(lock);
  }
  if (gzip && keep > 1) void compress(`${path}.2`);
}

function take(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    // The next look will find it free.
    if (Date.now() - since > STALE) rmdirSync(lock);
    return false;
  }
}

function move(from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to);
}

/** Compresses a file and removes it. What fails, or is overtaken by the next rotation, stays as it was. */
async function compress(path: string): Promise<void> {
  const before = statSync(path, { throwIfNoEntry: false });
  if (before === undefined) return;
  const part = `${path}.gz.part`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(part, { mode: before.mode, flags: "wx" }));
    if (statSync(path, { throwIfNoEntry: false })?.ino !== before.ino) return rmSync(part, { force: true });
    renameSync(part, `${path}.gz`);
    rmSync(path);
  } catch (error) {
    // Another process is at it.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") rmSync(part, { force: true });
  }
}
