import { realpathSync, statSync } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { callerPlace, MillraceError } from "../../base/errors.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import { parseAccept } from "../../fields/accept.ts";
import { HttpError, NotFoundError } from "../../http/http-error.ts";
import type { Representation } from "../../http/representation.ts";
import type { Request } from "../../http/request.ts";
import type { Response } from "../../http/response.ts";
import { openRegularFile } from "./descriptor.ts";
import { descriptorCache, type FileCache, LARGEST_KEPT, memoryCache } from "./file-cache.ts";
import { findFile, type Found } from "./file-finder.ts";
import { isVisibleName, isWithin } from "./file-path.ts";
import { fileResponse } from "./file-response.ts";
import { KeptFiles } from "./kept-files.ts";
import { listingResponse } from "./listing.ts";
import { type LoadedFile, loadFile } from "./loaded-file.ts";
import type { Opener } from "./precoded-files.ts";
import { redirectTo } from "./redirect-to.ts";

/** How a folder is served. */
export interface LoaderOptions {
  /**
   * What is kept between requests: `"memory"` (default) keeps the content of files up to 1 MiB, 64 MiB in all;
   * `"descriptors"` keeps 512 files open; `"none"` keeps nothing. `memoryCache({ … })` and `descriptorCache({ … })` take
   * other limits, and anything shaped like a `Map` will do.
   */
  readonly cache?: "memory" | "descriptors" | "none" | FileCache;
  /** Names of files that stand for their folder, the first that exists. Default `["index.html"]`. */
  readonly index?: readonly string[];
  /** Whether a folder without index file is shown as a list of its files. Default false: it is not found. */
  readonly listing?: boolean;
  /** Whether `/about` means `about.html`, and `/about.html` is redirected to it. Default false. */
  readonly cleanUrls?: boolean;
  /**
   * The path of a page to send, with status 200, where there is nothing: for single-page applications. Only requests
   * that say they accept HTML get it, so that a missing script or image stays missing.
   */
  readonly fallback?: string;
  /** The value of Cache-Control for every file. Default: no such field, so that clients ask again when they see fit. */
  readonly cacheControl?: string;
  /**
   * Whether `page.html.br`, `.zst` and `.gz` beside `page.html` are its content in that coding, for clients that take it,
   * unless they are older. `millrace precompress` makes them. Default true. Danger: whoever can put a file of such a name
   * into the folder decides what others get for `page.html`.
   */
  readonly precompressed?: boolean;
  /**
   * Whether the first line of a file may say how it is presented: `!> tmpl`, `!> hide`. Default true. Set it to false for a
   * folder that others put files into: such a line has the server run what stands below it.
   */
  readonly directives?: boolean;
  /**
   * Whether symbolic links may lead out of the folder. Default false. Danger: whoever can make a link in the folder
   * can publish every file that the server can read.
   */
  readonly followLinks?: boolean;
  /**
   * Whether to watch the folders that kept files are in, which makes a change seen at once. Default true. Without, and
   * where the file system tells nothing, a change is seen within a second.
   */
  readonly watch?: boolean;
  /** The path to serve a request from; default `request.path`. */
  readonly pathOf?: (request: Request) => string;
}

/** What {@link Loader.preload} has put in the cache. */
export interface Preloaded {
  readonly files: number;
  /** Octets of content. */
  readonly bytes: number;
}

/** Milliseconds that the place of the root is believed without asking the file system. */
const TRUSTED = 1000;

/** Begins the keys of files that were loaded for others: no path begins like this. */
const NEIGHBOUR = "neighbour:";

/** Files up to this many octets are read whole even if nothing is kept: one read is cheaper than a stream. */
const READ_WHOLE = 64 * 1024;

/**
 * Sends the files of one folder, and nothing from outside of it.
 *
 * Answers GET and HEAD, with preconditions and ranges (RFC 9110 §13, §14). Dotfiles (but `/.well-known/`), what is no
 * regular file, and what lies behind a symbolic link out of the folder are not found.
 */
export class Loader {
  /** The folder, absolute; symbolic links in its path are not resolved. */
  readonly root: string;
  readonly #options: LoaderOptions;
  readonly #index: readonly string[];
  readonly #kept: KeptFiles | undefined;
  /** The folder without symbolic links, and when that was looked up: a deployment may turn a link to another one. */
  #realRoot: string;
  #realRootChecked: number;

  /** @throws MillraceError `FOLDER_MISSING` when `root` is no folder */
  constructor(root: string, options: LoaderOptions = {}) {
    this.root = resolve(root);
    if (statSync(this.root, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new MillraceError("FOLDER_MISSING", `There is no folder ${this.root}`, {
        hint: "A relative path starts from the folder that the process was started in.",
        place: callerPlace(),
      });
    }
    this.#realRoot = realpathSync.native(this.root);
    this.#realRootChecked = systemClock.now();
    this.#options = options;
    this.#index = options.index ?? ["index.html"];
    const cache = cacheOf(options.cache ?? "memory");
    if (cache !== undefined) this.#kept = new KeptFiles(cache, this.#realRoot, this.#index, options.watch ?? true);
  }

  /**
   * The response to a request: at once when the file is kept.
   *
   * @throws HttpError 405, 412, 416 and 503; NotFoundError
   */
  handle(request: Request): MaybePromise<Response> {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") throw new HttpError(405, { fields: { allow: "GET, HEAD" } });
    const path = this.#options.pathOf === undefined ? request.path : this.#options.pathOf(request);
    // Relative links of a page at /files would lead to its neighbours.
    if (path === "/" && !request.fullPath.endsWith("/")) return redirectTo(request, path, path);
    const file = this.#kept?.get(path);
    return file === undefined ? this.#find(request, path) : fileResponse(request, file);
  }

  async #find(request: Request, path: string): Promise<Response> {
    const found = await this.#lookUp(path);
    switch (found.kind) {
      case "file":
        return this.#send(request, path, found);
      case "elsewhere":
        return redirectTo(request, path, found.path);
      case "folder":
        if (this.#options.listing !== true) throw new NotFoundError();
        return listingResponse(request, path, found.folder, (link) => this.#mayFollow(link));
      default:
        return this.#fallBack(request);
    }
  }

  async #lookUp(path: string): Promise<Found> {
    await this.#findRoot();
    return findFile(
      path,
      { folder: this.root, index: this.#index, cleanUrls: this.#options.cleanUrls ?? false },
      { root: this.#realRoot, followLinks: this.#options.followLinks ?? false },
    );
  }

  async #findRoot(): Promise<void> {
    const now = systemClock.now();
    if (now - this.#realRootChecked < TRUSTED) return;
    this.#realRootChecked = now;
    const root = await realpath(this.root).catch(() => this.#realRoot);
    if (root === this.#realRoot) return;
    this.#realRoot = root;
    this.#kept?.moveTo(root);
  }

  async #send(request: Request, path: string, found: Found & { kind: "file" }): Promise<Response> {
    const file = await this.#load(path, found);
    try {
      return fileResponse(request, file);
    } finally {
      file.release();
    }
  }

  /** The caller releases what it gets. */
  async #load(path: string, found: Found & { kind: "file" }): Promise<LoadedFile> {
    const { real } = found.open;
    const kept = real === join(this.#realRoot, relative(this.root, found.file)) ? this.#kept : undefined;
    const { cacheControl, directives, precompressed } = this.#options;
    const neighbours = this.load;
    const opener = precompressed === false ? undefined : this.#openSibling;
    const file = await loadFile(
      { ...found, cacheControl, directives, neighbours, opener },
      kept?.largest ?? READ_WHOLE,
    );
    // A link can be turned, and lead through folders that nobody watches: what lies behind one is not kept.
    kept?.keep(path, file, real);
    return file;
  }

  readonly #openSibling: Opener = async (file) => {
    const options = { root: this.#realRoot, followLinks: this.#options.followLinks ?? false };
    const open = await openRegularFile(file, options);
    return open === "folder" ? undefined : open;
  };

  async #fallBack(request: Request): Promise<Response> {
    const { fallback } = this.#options;
    if (fallback === undefined || !acceptsHtml(request)) throw new NotFoundError();
    const path = fallback.startsWith("/") ? fallback : `/${fallback}`;
    const file = this.#kept?.get(path);
    if (file !== undefined) return fileResponse(request, file);
    const found = await this.#lookUp(path);
    if (found.kind !== "file") throw new NotFoundError();
    return this.#send(request, path, found);
  }

  /**
   * A file by its path below the root, or undefined where nobody could ask for one: dotfiles, what lies behind links out
   * of the folder. Its line `!> …` is not carried out.
   *
   * @throws RangeError when it is larger than 1 MiB
   */
  readonly load = (path: string): MaybePromise<Representation | undefined> => {
    // Not where answers look: /a.html may have to be redirected to /a.
    return this.#kept?.get(NEIGHBOUR + path) ?? this.#loadNeighbour(path);
  };

  async #loadNeighbour(path: string): Promise<Representation | undefined> {
    await this.#findRoot();
    const options = { root: this.#realRoot, followLinks: this.#options.followLinks ?? false };
    const found = await findFile(path, { folder: this.root, index: [], cleanUrls: false }, options);
    if (found.kind !== "file") return undefined;
    const { descriptor, stats, real } = found.open;
    if (stats.size > LARGEST_KEPT) {
      descriptor.release();
      throw new RangeError(`${found.file} is too large to be part of a page: ${stats.size} octets`);
    }
    const { directives } = this.#options;
    const file = await loadFile({ ...found, cacheControl: undefined, directives, neighbours: this.load }, LARGEST_KEPT);
    if (real === join(this.#realRoot, relative(this.root, found.file))) this.#kept?.keep(NEIGHBOUR + path, file, real);
    file.release();
    return file;
  }

  /**
   * Loads files into the cache before anybody asks for them, until it is full.
   *
   * Does nothing with `cache: "none"`.
   */
  async preload(): Promise<Preloaded> {
    let files = 0;
    let bytes = 0;
    for (const folders = ["/"]; folders.length > 0;) {
      const folder = folders.shift()!;
      const all = await readdir(join(this.root, folder), { withFileTypes: true });
      const entries = all.filter(({ name }) => isVisibleName(name) || (folder === "/" && name === ".well-known"));
      const paths = entries.filter((entry) => entry.isFile()).map(({ name }) => folder + name);
      if (this.#index.some((name) => paths.includes(folder + name))) paths.unshift(folder);
      for (const path of paths) {
        if (this.#kept === undefined || this.#kept.full) return { files, bytes };
        const file = await this.#preloadOne(path);
        if (file === undefined) continue;
        files++;
        bytes += file.size;
      }
      for (const entry of entries) if (entry.isDirectory()) folders.push(`${folder}${entry.name}/`);
    }
    return { files, bytes };
  }

  async #preloadOne(path: string): Promise<LoadedFile | undefined> {
    let found = await this.#lookUp(path);
    const clean = found.kind === "elsewhere" ? found.path : path;
    if (found.kind === "elsewhere") found = await this.#lookUp(clean);
    if (found.kind !== "file") return undefined;
    (await this.#load(clean, found)).release();
    return this.#kept?.get(clean);
  }

  /** Whether a symbolic link may be shown. */
  async #mayFollow(link: string): Promise<boolean> {
    if (this.#options.followLinks === true) return true;
    const real = await realpath(link).catch(() => undefined);
    return real !== undefined && isWithin(this.#realRoot, real);
  }

  /** Drops what is kept and stops watching. The loader can still be used. */
  close(): void {
    this.#kept?.clear();
  }
}

function cacheOf(cache: "memory" | "descriptors" | "none" | FileCache): FileCache | undefined {
  switch (cache) {
    case "memory":
      return memoryCache();
    case "descriptors":
      return descriptorCache();
    case "none":
      return undefined;
    default:
      return cache;
  }
}

/** Whether a request says that it takes HTML: navigations do, requests for scripts and images say no more than any. */
function acceptsHtml(request: Request): boolean {
  const ranges = parseAccept(request.headers.get("accept") ?? "");
  return ranges.some(({ essence, weight }) => essence === "text/html" && weight > 0);
}
