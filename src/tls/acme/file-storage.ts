import { randomBytes } from "node:crypto";
import * as nodeFiles from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type Clock, systemClock } from "../../base/clock.ts";
import { MillraceError } from "../../base/errors.ts";
import { FileLocks } from "./file-lock.ts";
import { inTurn } from "./in-turn.ts";
import { type CertificateStorage, isStorageKey, type StorageLock } from "./storage.ts";

/** What of the file system is used; tests put faults between. */
export type Files = Pick<
  typeof nodeFiles,
  "link" | "mkdir" | "open" | "readFile" | "readdir" | "rename" | "rm" | "stat" | "unlink"
>;

/** How a {@link FileStorage} is made. */
export interface FileStorageInit {
  readonly clock?: Clock | undefined;
  readonly files?: Files | undefined;
}

const TEMPORARY = ".tmp-";
/** Files that are read at the same time: ten thousand names must not open ten thousand files at once. */
const AT_ONCE = 32;
/** Milliseconds after which a file that was being written is an orphan: nothing that is written here takes so long. */
const ORPHAN = 60_000;

/**
 * Keeps everything as files of a folder that only their user may read (folders 0700, files 0600).
 *
 * A file is written beside its place, synced, renamed into it, and its folder is synced: whenever the machine stops, there
 * is the old file or the new one.
 */
export class FileStorage implements CertificateStorage {
  readonly #folder: string;
  readonly #files: Files;
  readonly #locks: FileLocks;
  readonly #clock: Clock;
  readonly #inTurn = inTurn(AT_ONCE);

  constructor(folder: string, { clock = systemClock, files = nodeFiles }: FileStorageInit = {}) {
    // Paths that are listed begin with it.
    this.#folder = resolve(folder);
    this.#files = files;
    this.#clock = clock;
    this.#locks = new FileLocks({ clock, files });
  }

  /**
   * Makes the folder, and removes what was left half-written by a process that was killed.
   *
   * @throws {MillraceError} `ACME_STORAGE` when the folder cannot be used
   */
  async open(): Promise<this> {
    try {
      await this.#files.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#removeOrphans();
    } catch (cause) {
      throw this.#unusable(cause);
    }
    return this;
  }

  async get(key: string): Promise<string | undefined> {
    try {
      const path = this.#path(key);
      return await this.#inTurn(() => this.#files.readFile(path, "utf8"));
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw this.#unusable(cause);
    }
  }

  async put(key: string, value: string): Promise<void> {
    const path = this.#path(key);
    const temporary = join(dirname(path), `${TEMPORARY}${randomBytes(8).toString("hex")}`);
    try {
      await this.#files.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await this.#write(temporary, value);
      await this.#files.rename(temporary, path);
      await this.#sync(dirname(path));
    } catch (cause) {
      await this.#files.rm(temporary, { force: true }).catch(() => {});
      throw this.#unusable(cause);
    }
  }

  async #write(path: string, value: string): Promise<void> {
    const file = await this.#files.open(path, "wx", 0o600);
    try {
      await file.writeFile(value);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** The name of a file is on the disk when its folder is. */
  async #sync(folder: string): Promise<void> {
    const handle = await this.#files.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async remove(key: string): Promise<void> {
    try {
      await this.#files.rm(this.#path(key), { force: true });
    } catch (cause) {
      throw this.#unusable(cause);
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    try {
      const entries = await this.#files.readdir(this.#path(prefix), { withFileTypes: true, recursive: true });
      const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith("."));
      return files.map(({ parentPath, name }) => join(parentPath, name).slice(this.#folder.length + 1)).sort();
    } catch (cause) {
      if (isMissing(cause)) return [];
      throw this.#unusable(cause);
    }
  }

  async lock(name: string): Promise<StorageLock | undefined> {
    const path = this.#path(`locks/${name}`);
    try {
      await this.#files.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      return await this.#locks.take(path);
    } catch (cause) {
      throw this.#unusable(cause);
    }
  }

  #path(key: string): string {
    if (!isStorageKey(key)) throw new MillraceError("ACME_STORAGE", `${JSON.stringify(key)} is no key of a storage.`);
    return join(this.#folder, ...key.split("/"));
  }

  async #removeOrphans(): Promise<void> {
    const names = await this.#files.readdir(this.#folder, { recursive: true });
    for (const name of names.filter((each) => basename(each).startsWith(TEMPORARY))) {
      const path = join(this.#folder, name);
      // Another process may be writing it right now.
      const { mtimeMs } = (await this.#files.stat(path).catch(ignoreMissing)) ?? { mtimeMs: Infinity };
      if (mtimeMs <= this.#clock.wall() - ORPHAN) await this.#files.rm(path, { force: true });
    }
  }

  #unusable(cause: unknown): MillraceError {
    if (cause instanceof MillraceError) return cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    return new MillraceError("ACME_STORAGE", `The folder of certificates ${this.#folder} cannot be used: ${message}`, {
      hint:
        code === "ENOSPC"
          ? "Make room on the disk."
          : "Set acme.storage to a folder that this user alone may write to.",
      cause,
    });
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
