import { createHash, hash as hashOf } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { brotliCompressSync, zstdCompressSync } from "node:zlib";
import { systemClock } from "../base/clock.ts";
import type { MaybePromise } from "../base/maybe-promise.ts";
import { parseItem } from "../fields/structured-field.ts";
import { brotliOptions } from "./coding-dictionary.ts";
import type { DictionaryCoding } from "./coding-choice.ts";

/** Where dictionaries come from. */
export interface DictionaryOptions {
  /** The folder with assets whose names hold a hash, this version and those before; a relative path starts from the process's. */
  readonly folder: string;
}

/** Octets that both sides have, and their SHA-256. */
export interface Dictionary {
  readonly octets: Uint8Array;
  readonly digest: Buffer;
}

/** The largest file that is a dictionary: it and content of its size fit into the window that every client has. */
const LARGEST = 4 * 1024 * 1024;
const SMALLEST = 512;

/** Files that are looked at, and milliseconds until it is done again for a dictionary that is not among them. */
const MOST = 4096;
const PAUSE = 10_000;

/**
 * Previous versions of hashed assets as dictionaries for the next. RFC 9842.
 *
 * Who has `app.3f2a.js` gets of `app.91bc.js` little more than what has changed, as long as the old file still lies in
 * the folder and its Cache-Control has let the client keep it.
 *
 * @example
 * compression({ dictionaries: dictionaries({ folder: "./public/assets" }) });
 */
export function dictionaries(options: DictionaryOptions): Dictionaries {
  return new Dictionaries(options);
}

/** The dictionaries of a folder. */
export class Dictionaries {
  readonly #folder: string;
  /** By the SHA-256 of their content, in base64. */
  readonly #files = new Map<string, string>();
  /** What was looked at: file, size and time of change. */
  readonly #seen = new Set<string>();
  #scanned = -Infinity;
  #scanning: Promise<void> | undefined;
  /** The codings that this Node can make, the best first. */
  readonly codings: readonly DictionaryCoding[];

  constructor({ folder }: DictionaryOptions) {
    this.#folder = resolve(folder);
    this.codings = supported();
  }

  /** The dictionary that a client says it has, if it is a version of the asset at a path. */
  find(available: string, path: string): MaybePromise<Dictionary | undefined> {
    const family = familyOf(path);
    const digest = digestOf(available);
    if (family === undefined || digest === undefined) return undefined;
    const file = this.#files.get(digest);
    if (file !== undefined) return this.#load(file, digest, family);
    const scan = this.#scan();
    return scan?.then(() => {
      const found = this.#files.get(digest);
      return found === undefined ? undefined : this.#load(found, digest, family);
    });
  }

  async #load(file: string, digest: string, family: string): Promise<Dictionary | undefined> {
    if (familyOf(basename(file)) !== family) return undefined;
    const octets = await readFile(file).catch(() => undefined);
    if (octets !== undefined && hashOf("sha256", octets, "base64") === digest) {
      return { octets, digest: Buffer.from(digest, "base64") };
    }
    this.#files.delete(digest);
    return undefined;
  }

  /** Looks for files that are new, unless that was just done. */
  #scan(): Promise<void> | undefined {
    if (this.#scanning !== undefined) return this.#scanning;
    if (systemClock.now() - this.#scanned < PAUSE) return undefined;
    this.#scanning = this.#read().finally(() => {
      this.#scanned = systemClock.now();
      this.#scanning = undefined;
    });
    return this.#scanning;
  }

  async #read(): Promise<void> {
    const entries = await readdir(this.#folder, { withFileTypes: true, recursive: true }).catch(() => []);
    const assets = entries.filter((entry) => entry.isFile() && familyOf(entry.name) !== undefined);
    for (const entry of assets.slice(0, MOST)) await this.#look(join(entry.parentPath, entry.name)).catch(() => {});
  }

  async #look(file: string): Promise<void> {
    const { size, mtimeMs } = await stat(file);
    const seen = `${file} ${size} ${mtimeMs}`;
    if (size < SMALLEST || size > LARGEST || this.#seen.has(seen)) return;
    const sha256 = createHash("sha256");
    for await (const octets of createReadStream(file)) sha256.update(octets as Buffer);
    if (this.#seen.size >= 2 * MOST) this.#seen.clear();
    this.#seen.add(seen);
    this.#files.set(sha256.digest("base64"), file);
  }
}

/** What tells content by one dictionary from content by another, for entity tags. */
export function formOfDictionary(digest: Buffer): string {
  return digest.toString("hex", 0, 8);
}

/** RFC 9842 §2.2: a byte sequence of 32 octets. In base64, as it is looked up. */
function digestOf(available: string): string | undefined {
  const item = parseItem(available);
  if (item?.kind !== "bytes" || item.value.length !== 32) return undefined;
  return Buffer.from(item.value).toString("base64");
}

/** Name, separator, hash, and the rest with the ending. Nothing in it means anything in a pattern or a string. */
const HASHED = /^([\w~][\w.~-]*?)([.-])([\w-]{4,64})((?:\.[a-z][\da-z]*)+)$/i;

/**
 * What the versions of an asset have in common: the last segment of its path with `*` for the hash, or undefined when
 * there is none in it. A hash has a digit, or letters of both cases as base64 has them.
 *
 * @example
 * familyOf("/assets/app.3f2a.js"); // "app.*.js"
 */
export function familyOf(path: string): string | undefined {
  const [, name, separator, hash, ending] = HASHED.exec(path.slice(path.lastIndexOf("/") + 1)) ?? [];
  if (hash === undefined || !(/\d/.test(hash) || (hash.length >= 8 && /[a-z]/.test(hash) && /[A-Z]/.test(hash)))) {
    return undefined;
  }
  return `${name}${separator}*${ending}`;
}

/** Node before 24.6 takes no dictionaries for zstd, and older ones none for br: the option is ignored there. */
function supported(): DictionaryCoding[] {
  const octets = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * index * 31) & 255));
  const codings: DictionaryCoding[] = [];
  if (brotliCompressSync(octets, brotliOptions(octets)).length < 100) codings.push("dcb");
  if (zstdCompressSync(octets, { dictionary: octets }).length < 100) codings.push("dcz");
  return codings;
}
