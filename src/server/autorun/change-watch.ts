import { statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FolderWatch } from "../../hosts/loader/folder-watch.ts";

/** What a {@link ChangeWatch} watches. */
export interface Watched {
  /** The files that are compared, and folders in which new ones would matter. Asked at each look. */
  readonly files: () => { readonly files: Iterable<string>; readonly folders: Iterable<string> };
  /** Files that appeared, changed or went. Nothing more is told until it is done. */
  readonly onChange: (files: readonly string[]) => Promise<void>;
}

/** Milliseconds without another event until it is looked: an editor writes, renames and removes within a few. */
const QUIET = 60;
/** Milliseconds after which it is looked all the same. */
const LONGEST = 2000;
/** Milliseconds between two looks that have to find the same: a file that is still being written changes. */
const STABLE = 40;
/** Milliseconds after which it is looked without any event: not every file system tells of changes. */
const POLL = 2000;

/** What a file is taken for the same by; empty: there is none. */
export type Print = string;

/**
 * Tells of changes of files, several in quick succession as one: when nothing has happened for a while, and two looks find
 * the same.
 *
 * The system's events only say when to look. What has changed is what differs from the last look.
 */
export class ChangeWatch {
  readonly #watched: Watched;
  readonly #events: FolderWatch;
  readonly #known = new Map<string, Print>();
  readonly #poll: NodeJS.Timeout;
  #quiet: NodeJS.Timeout | undefined;
  #stirred = 0;
  #isBusy = false;
  #isClosed = false;

  constructor(watched: Watched) {
    this.#watched = watched;
    const stir = (): void => this.#stir();
    this.#events = new FolderWatch({ onFile: stir, onFolder: stir });
    this.#remember(this.#look());
    this.#poll = setInterval(() => {
      if (this.#quiet === undefined && !this.#isBusy && this.#changes(this.#look()).length > 0) stir();
    }, POLL).unref();
  }

  /** A file matters from now on. @param print how it is known; default: as it is now */
  add(file: string, print: Print = printOf(file)): void {
    if (this.#isClosed || this.#known.has(file)) return;
    this.#known.set(file, print);
    this.#events.add(dirname(file));
    if (printOf(file) !== print) this.#stir();
  }

  /** Tells nothing any more. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#quiet);
    this.#events.close();
  }

  #stir(): void {
    if (this.#isClosed || this.#isBusy) return;
    const now = performance.now();
    if (this.#quiet === undefined) this.#stirred = now;
    clearTimeout(this.#quiet);
    const wait = Math.max(0, Math.min(QUIET, this.#stirred + LONGEST - now));
    this.#quiet = setTimeout(() => {
      this.#quiet = undefined;
      void this.#settle();
    }, wait).unref();
  }

  async #settle(): Promise<void> {
    this.#isBusy = true;
    try {
      // Once more after each: what happened meanwhile has stirred nobody.
      while (!this.#isClosed) {
        const seen = await this.#stable();
        const changed = this.#changes(seen);
        this.#remember(seen);
        if (changed.length === 0 || this.#isClosed) return;
        await this.#watched.onChange(changed);
      }
    } finally {
      this.#isBusy = false;
    }
  }

  /** What a look finds when the one before it has found the same. */
  async #stable(): Promise<ReadonlyMap<string, Print>> {
    let seen = this.#look();
    if (this.#changes(seen).length === 0) return seen;
    for (const end = performance.now() + LONGEST; performance.now() < end;) {
      await sleep(STABLE, undefined, { ref: false });
      const next = this.#look();
      if (isSame(seen, next)) return next;
      seen = next;
    }
    return seen;
  }

  #look(): Map<string, Print> {
    const { files, folders } = this.#watched.files();
    for (const folder of folders) this.#events.add(folder);
    const seen = new Map<string, Print>();
    for (const file of files) {
      seen.set(file, printOf(file));
      this.#events.add(dirname(file));
    }
    return seen;
  }

  #changes(seen: ReadonlyMap<string, Print>): string[] {
    const changed = [...seen].filter(([file, print]) => (this.#known.get(file) ?? MISSING) !== print);
    const gone = [...this.#known.keys()].filter((file) => !seen.has(file) && printOf(file) !== this.#known.get(file));
    return [...changed.map(([file]) => file), ...gone];
  }

  #remember(seen: ReadonlyMap<string, Print>): void {
    this.#known.clear();
    for (const [file, print] of seen) this.#known.set(file, print);
  }
}

const MISSING = "";

/** How a file is now. */
export function printOf(file: string): Print {
  try {
    const { ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return MISSING;
  }
}

function isSame(a: ReadonlyMap<string, Print>, b: ReadonlyMap<string, Print>): boolean {
  return a.size === b.size && [...a].every(([file, print]) => b.get(file) === print);
}
