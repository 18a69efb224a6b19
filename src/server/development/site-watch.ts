import { readdirSync, statSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { isWithin } from "../../hosts/loader/file-path.ts";
import { FolderWatch } from "../../hosts/loader/folder-watch.ts";
import type { ServedFolder } from "./served-folders.ts";

/** Milliseconds without another change until it is told. */
const QUIET = 60;
/** How deep folders are watched, so that a link into the root of a disk has an end. */
const DEPTH = 12;
/** Names that editors give to files that are not there to stay. */
const TEMPORARY = /(?:~|\.sw[a-z]|\.tmp|\.crswap|___jb_\w+___)$|^[.#]|^4913$/;

/** What is told of files that are served. */
export interface SiteChanges {
  /** Something else than style sheets has changed. */
  onPage(): void;
  /** Style sheets alone. @param path of one on the server */
  onStyle(path: string | null): void;
}

/** Watches the files of folders that are served, while a site is being developed. */
export class SiteWatch {
  readonly #folders: readonly ServedFolder[];
  readonly #told: SiteChanges;
  readonly #isOther: (file: string) => boolean;
  readonly #events: FolderWatch;
  readonly #changed = new Set<string>();
  #quiet: NodeJS.Timeout | undefined;

  /** @param isOther whether somebody else takes care of a file: a module, at whose change the program starts anew */
  constructor(folders: readonly ServedFolder[], isOther: (file: string) => boolean, told: SiteChanges) {
    this.#folders = folders;
    this.#told = told;
    this.#isOther = isOther;
    this.#events = new FolderWatch({ onFile: (path) => this.#stir(path), onFolder: () => {} });
    for (const { root } of folders) this.#add(root, 0);
  }

  close(): void {
    clearTimeout(this.#quiet);
    this.#events.close();
  }

  #add(folder: string, depth: number): void {
    if (depth > DEPTH || basename(folder) === "node_modules") return;
    this.#events.add(folder);
    for (const entry of entriesOf(folder)) {
      if (entry.isDirectory() && !entry.name.startsWith(".")) this.#add(join(folder, entry.name), depth + 1);
    }
  }

  #stir(path: string): void {
    if (TEMPORARY.test(basename(path)) || this.#isOther(path)) return;
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) this.#add(path, 0);
    this.#changed.add(path);
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#tell(), QUIET).unref();
  }

  #tell(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    if (!changed.every((path) => path.endsWith(".css"))) return this.#told.onPage();
    this.#told.onStyle(changed.length === 1 ? this.#pathOf(changed[0]!) : null);
  }

  #pathOf(file: string): string | null {
    const found = this.#folders.find(({ root }) => isWithin(root, file));
    return found === undefined ? null : `${found.prefix}/${relative(found.root, file).split(sep).join("/")}`;
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
