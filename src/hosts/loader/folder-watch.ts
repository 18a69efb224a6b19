import { type FSWatcher, watch } from "node:fs";
import { basename, join } from "node:path";
import { isWithin } from "./file-path.ts";

/** How many folders are watched at most: the system's own limit is shared with editors and builds. */
const MOST_FOLDERS = 1024;

/** Who is told about changes. */
export interface FolderWatcher {
  /** A name appeared, vanished or means something else now: a file, or a folder that was not watched. */
  onFile(path: string): void;
  /** A watched folder is gone or moved, or something changed that the system has no name for. */
  onFolder(): void;
}

/**
 * Watches the folders it is told to, each by itself, and never keeps the process alive.
 *
 * Not `recursive`: on Linux that is an inotify watch for every file below, made before the first request is answered.
 * Watching only makes changes seen sooner. Where it fails (limits, network file systems), nobody hears of it here.
 */
export class FolderWatch {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #told: FolderWatcher;

  constructor(told: FolderWatcher) {
    this.#told = told;
  }

  /** Watches a folder, if that is possible and not done already. */
  add(folder: string): void {
    if (this.#watchers.has(folder) || this.#watchers.size >= MOST_FOLDERS) return;
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => this.#changed(folder, event, name));
      watcher.on("error", () => this.#lost(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      // No watches left, or a file system without them.
    }
  }

  #changed(folder: string, event: string, name: string | null): void {
    if (name === null) {
      this.#told.onFolder();
      return;
    }
    // A folder that is moved or removed says so under its own name.
    if (event === "rename" && name === basename(folder)) this.#lost(folder);
    else this.#told.onFile(join(folder, name));
  }

  /** What was watched there is somewhere else now, with everything below it. */
  #lost(folder: string): void {
    for (const [path, watcher] of this.#watchers) {
      if (!isWithin(folder, path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    this.#told.onFolder();
  }

  /** Stops watching. */
  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}
