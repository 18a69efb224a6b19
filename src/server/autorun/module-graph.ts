import { readFileSync, statSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { dirname, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { withoutVersion } from "../../base/errors.ts";

const OWN_SOURCE = dirname(dirname(import.meta.dirname)) + sep;
const PACKAGES = `${sep}node_modules${sep}`;
/** What an import looks like, also in a comment: a file more that is watched does no harm. */
const IMPORTS = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"'\n]+)["']/g;

interface Module {
  /** The version that the next import gets; 0 is the file's own URL. */
  version: number;
  /** What it imports. */
  imports: Set<string>;
  /** What its newest version imports, until that has proved itself. */
  fresh: Set<string> | undefined;
  /** Whether Node has read it since the graph is there. */
  isLoaded: boolean;
  isScanned: boolean;
}

/**
 * Which module imports which, of those that certain roots lead to, and which version of each is the newest.
 *
 * Node never forgets a module, so one that has changed is imported by another URL, and with it whoever imports it, up to
 * the root. What has not changed keeps its URL, and so its instance and its state.
 *
 * Packages (`node_modules`) and millrace itself are not in it.
 */
export class ModuleGraph {
  readonly #modules = new Map<string, Module>();
  readonly #roots = new Set<string>();
  readonly #hears = new Set<(file: string) => void>();
  #versions = 0;
  #outdated = 0;
  #outdatedBytes = 0;

  /** Modules in memory that a newer version has replaced. */
  get outdated(): number {
    return this.#outdated;
  }

  /** Octets of their source. */
  get outdatedBytes(): number {
    return this.#outdatedBytes;
  }

  /** Calls `hear` with each file that comes into the graph. @returns what ends that */
  onFile(hear: (file: string) => void): () => void {
    this.#hears.add(hear);
    return () => this.#hears.delete(hear);
  }

  /** Whether a file is in the graph. */
  has(file: string): boolean {
    return this.#modules.has(file);
  }

  /** A file whose imports are followed. @returns the URL to import it by */
  root(file: string): string {
    this.#roots.add(file);
    this.#add(file);
    return pathToFileURL(file).href;
  }

  /** A file that is imported no more. */
  forget(root: string): void {
    this.#roots.delete(root);
  }

  /** What a file leads to, itself among it. */
  reach(root: string): Set<string> {
    const reached = new Set([root]);
    for (const file of reached) {
      const module = this.#modules.get(file);
      if (module === undefined) continue;
      if (!module.isLoaded && !module.isScanned) this.#scan(file, module);
      for (const each of module.imports) reached.add(each);
      for (const each of module.fresh ?? []) reached.add(each);
    }
    return reached;
  }

  /** Files have changed: they, and all that lead to them, get a new version. @returns these */
  change(files: Iterable<string>): Set<string> {
    const affected = new Set([...files].filter((file) => this.#modules.has(file)));
    const importers = this.#importers();
    for (const file of affected) for (const importer of importers.get(file) ?? []) affected.add(importer);
    for (const file of affected) this.#renew(file, this.#modules.get(file)!);
    return affected;
  }

  #renew(file: string, module: Module): void {
    if (module.isLoaded) {
      this.#outdated++;
      this.#outdatedBytes += sizeOf(file);
    }
    module.version = ++this.#versions;
    module.fresh = new Set();
    module.isLoaded = false;
    // CommonJS has a cache of its own, by file.
    delete require.cache[file];
  }

  #importers(): Map<string, string[]> {
    const importers = new Map<string, string[]>();
    for (const [file, { imports, fresh }] of this.#modules) {
      for (const each of new Set([...imports, ...(fresh ?? [])])) {
        const list = importers.get(each);
        if (list === undefined) importers.set(each, [file]);
        else list.push(file);
      }
    }
    return importers;
  }

  /** What was loaded last has proved itself: what only earlier versions imported is forgotten. */
  settle(root: string): void {
    for (const file of this.reach(root)) {
      const module = this.#modules.get(file);
      if (module?.fresh === undefined || !module.isLoaded) continue;
      module.imports = module.fresh;
      module.fresh = undefined;
    }
  }

  /** Files that were not parsed as TypeScript and were read for the newest version of a root. */
  scriptsOf(root: string): string[] {
    return [...this.reach(root)].filter((file) => /\.[cm]?js$/.test(file));
  }

  /** The URL by which a module is imported from another; undefined where the graph has no say. */
  resolved(url: string, from: string | undefined, isRequired: boolean): string | undefined {
    const file = fileOf(url);
    if (file === undefined) return undefined;
    const isRoot = this.#roots.has(file);
    const importer = from === undefined ? undefined : fileOf(from);
    if (importer === undefined) return isRoot ? this.#versioned(url, file) : undefined;
    if (!this.#leads(importer, file) || isRequired) return undefined;
    return this.#versioned(url, file);
  }

  /** A module asks for a file that does not exist: when it appears, the module has changed. */
  missed(specifier: string, from: string | undefined): void {
    const importer = from === undefined ? undefined : fileOf(from);
    if (importer === undefined || !/^(?:\.{0,2}\/|file:)/.test(specifier)) return;
    const file = fileOf(new URL(specifier, from).href);
    if (file !== undefined) this.#leads(importer, file);
  }

  /** Node reads a module. */
  loaded(url: string): void {
    const file = fileOf(url);
    const module = file === undefined ? undefined : this.#modules.get(file);
    if (module !== undefined) module.isLoaded = true;
  }

  /** @returns whether the importer is in the graph */
  #leads(importer: string, file: string): boolean {
    const module = this.#modules.get(importer);
    if (module === undefined) return false;
    if (file === importer) return true;
    (module.fresh ?? module.imports).add(file);
    this.#add(file);
    return true;
  }

  #versioned(url: string, file: string): string {
    const { version } = this.#modules.get(file)!;
    return version === 0 ? url : `${url}${url.includes("?") ? "&" : "?"}millrace-version=${version}`;
  }

  #add(file: string): void {
    if (this.#modules.has(file)) return;
    this.#modules.set(file, {
      version: 0,
      imports: new Set(),
      fresh: undefined,
      isLoaded: false,
      isScanned: false,
    });
    for (const hear of this.#hears) hear(file);
  }

  /** Node has read it before the graph was there, so nobody has told what it imports: it is looked for in the text. */
  #scan(file: string, module: Module): void {
    module.isScanned = true;
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      return;
    }
    for (const [, specifier = ""] of text.matchAll(IMPORTS)) {
      const imported = resolve(dirname(file), specifier);
      if (isOwn(imported)) continue;
      module.imports.add(imported);
      this.#add(imported);
    }
  }
}

const require = createRequire(import.meta.url);

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The file of a URL, where it is one of the user's. */
function fileOf(url: string): string | undefined {
  if (!url.startsWith("file:")) return undefined;
  const file = fileURLToPath(withoutVersion(url));
  return isOwn(file) || file.includes(PACKAGES) ? undefined : file;
}

function isOwn(file: string): boolean {
  return file.startsWith(OWN_SOURCE);
}

let graph: ModuleGraph | undefined;

/** The graph of this process, which sees what is imported from the first call on. */
export function moduleGraph(): ModuleGraph {
  if (graph !== undefined) return graph;
  const made = (graph = new ModuleGraph());
  registerHooks({
    resolve(specifier, context, next) {
      let found;
      try {
        found = next(specifier, context);
      } catch (error) {
        made.missed(specifier, context.parentURL);
        throw error;
      }
      const isRequired = context.conditions.includes("require");
      const url = made.resolved(found.url, context.parentURL, isRequired);
      return url === undefined ? found : { ...found, url };
    },
    load(url, context, next) {
      made.loaded(url);
      return next(url, context);
    },
  });
  return made;
}
