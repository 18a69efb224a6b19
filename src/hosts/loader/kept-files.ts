import { basename, dirname, relative, sep } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { type FileCache, LARGEST_KEPT } from "./file-cache.ts";
import { isWithin } from "./file-path.ts";
import { FolderWatch } from "./folder-watch.ts";
import type { Keeper, LoadedFile } from "./loaded-file.ts";

/**
 * The files that a loader keeps between requests, and what makes sure that they are still the ones on the disk.
 *
 * Watching shows a change at once. It may miss some (limits, network file systems), so a file is also compared with the
 * disk when that was last done more than a second ago.
 */
export class KeptFiles implements Keeper {
  readonly #cache: FileCache;
  readonly #watch: FolderWatch | undefined;
  readonly #index: readonly string[];
  /** The folder without symbolic links. */
  #root: string;
  /** When something below the root changed last, by the system's clock. */
  disturbed: number = -Infinity;

  /** @param index names of files that stand for their folder */
  constructor(cache: FileCache, root: string, index: readonly string[], watch: boolean) {
    this.#cache = cache;
    this.#root = root;
    this.#index = index;
    if (watch) {
      this.#watch = new FolderWatch({ onFile: (path) => this.#forget(path), onFolder: () => this.#forgetAll() });
    }
  }

  /** The largest file, in octets, to read into memory: -1 when files are kept open instead. */
  get largest(): number {
    return this.#cache.holds === "descriptors" ? -1 : (this.#cache.largest ?? LARGEST_KEPT);
  }

  /** Whether another file would push one out. */
  get full(): boolean {
    return this.#cache.full ?? false;
  }

  /** The file kept under a path, if it is still the same. */
  get(path: string): LoadedFile | undefined {
    const file = this.#cache.get(path);
    if (file === undefined || file.isCurrent) return file;
    this.#cache.delete(path);
    return undefined;
  }

  /**
   * Keeps a file, unless it has changed since it was opened.
   *
   * What changed before the watching started shows when the file is compared, what changes later is told.
   *
   * @param real the file's path, in which there are no symbolic links
   */
  keep(path: string, file: LoadedFile, real: string): void {
    if (file.inMemory === (this.#cache.holds === "descriptors")) return;
    this.#watchOver(real);
    if (!file.isUnchanged(Date.now())) return;
    file.keptBy(this, path);
    file.retain();
    this.#cache.set(path, file);
  }

  grow(path: string, file: LoadedFile, octets: number): boolean {
    return this.#cache.grow?.(path, file, octets) ?? this.#cache.get(path) === file;
  }

  /** Watches a file's folder and those above it, up to the root. */
  #watchOver(real: string): void {
    if (this.#watch === undefined) return;
    for (let folder = dirname(real); isWithin(this.#root, folder); folder = dirname(folder)) {
      this.#watch.add(folder);
      if (folder === this.#root) break;
    }
  }

  /** Drops what the file may be kept under: its path, the path without `.html`, its folder's. */
  #forget(real: string): void {
    this.disturbed = systemClock.now();
    const path = `/${relative(this.#root, real).split(sep).join("/")}`;
    this.#cache.delete(path);
    if (path.endsWith(".html")) this.#cache.delete(path.slice(0, -".html".length));
    if (this.#index.includes(basename(real))) this.#cache.delete(path.slice(0, path.lastIndexOf("/") + 1));
  }

  #forgetAll(): void {
    this.disturbed = systemClock.now();
    this.#cache.clear();
  }

  /** The root is another folder from now on. */
  moveTo(root: string): void {
    this.#root = root;
    this.clear();
  }

  /** Drops everything and stops watching, until files are loaded again. */
  clear(): void {
    this.#watch?.close();
    this.#forgetAll();
  }
}
