import { type Stats, statSync } from "node:fs";
import { systemClock } from "../../base/clock.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import { formatEntityTag } from "../../fields/entity-tag.ts";
import { formatHttpDate } from "../../fields/http-date.ts";
import type { Validators } from "../../fields/preconditions.ts";
import { mediaTypeOf } from "../../helpers/media-types.ts";
import type { Content } from "../../http/content.ts";
import { Headers } from "../../http/headers.ts";
import { KeptResponse } from "../../http/kept-response.ts";
import type { Representation } from "../../http/representation.ts";
import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import type { Descriptor, OpenFile } from "./descriptor.ts";
import { type DirectiveLine, directiveLine, DIRECTIVES_HEAD } from "./directive-line.ts";
import { conditionalResponse } from "./file-response.ts";
import { FileContent } from "./file-content.ts";
import { ENDINGS, isSame, type Opener, PrecodedFiles } from "./precoded-files.ts";

/** File systems note times this coarsely at worst (FAT): within it, a file may change twice and show one time. */
const TIME_STEP = 2000;

/** Milliseconds that a kept file is believed without asking the file system. */
const TRUSTED = 1000;

/** The largest file, in octets, that is read whole for whoever makes something else of it. */
const LARGEST_WHOLE = 16 * 1024 * 1024;

/** Where a file is kept, and who would hear of its changes. */
export interface Keeper {
  /** When something below the folder changed last, by the loader's clock. */
  readonly disturbed: number;
  /** Charges a kept file with more octets: false when it is not kept, or there is no room. */
  grow(path: string, file: LoadedFile, octets: number): boolean;
}

/** Finds other files of the same loader. */
export type Neighbours = (path: string) => MaybePromise<Representation | undefined>;

/** How a file was found. */
export interface FoundFile {
  /** The path by which it was found; links in it are not resolved. */
  readonly file: string;
  /** Paths that would have come first, and were not there. */
  readonly absent: readonly string[];
  /** Of the open file. */
  readonly stats: Stats;
  /** The whole file, or where to read it. */
  readonly source: Uint8Array | Descriptor;
  /** Its first line, which is no part of the content. */
  readonly line?: DirectiveLine | undefined;
  /** Whether its first line may be one. Default true. */
  readonly directives?: boolean | undefined;
  readonly neighbours?: Neighbours | undefined;
  /** Opens the files beside it that hold its content in a coding; undefined when they count for nothing. */
  readonly opener?: Opener | undefined;
  /** The value of Cache-Control, if there is to be one. */
  readonly cacheControl: string | undefined;
}

/**
 * A file as it was at one moment, with everything that its responses have in common made once.
 */
export class LoadedFile implements Representation {
  /** Octets of content. */
  readonly size: number;
  /** The media type. */
  readonly type: string;
  readonly directives: string | undefined;
  readonly codings: Map<string, Uint8Array> = new Map();
  readonly #found: FoundFile;
  /** The content, or where to read it. */
  readonly #source: Uint8Array | Descriptor;
  /** Where the content begins in the file. */
  readonly #start: number;
  /** Whether it was so young that its entity tag is weak. */
  readonly #young: boolean;
  readonly #etag: string;
  readonly #lastModified: number | undefined;
  readonly #lines: readonly string[];
  readonly #whole: KeptResponse | undefined;
  readonly #precoded: PrecodedFiles | undefined;
  #notModified: KeptResponse | undefined;
  #keeper: Keeper | undefined;
  /** What it is kept under. */
  #path = "";
  /** When it was last seen to be still the same, by the loader's clock. */
  #checked = -Infinity;

  /** @param now milliseconds since 1970 */
  constructor(found: FoundFile, now: number) {
    const { stats, source } = found;
    const modified = stats.mtimeMs;
    this.#found = found;
    this.directives = found.line?.text;
    this.#start = found.line?.end ?? 0;
    this.#source = source instanceof Uint8Array ? source.subarray(this.#start) : source;
    this.size = stats.size - this.#start;
    this.type = mediaTypeOf(found.file);
    // RFC 9110 §8.8.1: a strong validator changes with every change of the content, which a time cannot promise while
    // the same time could be noted once more.
    this.#young = now - modified < TIME_STEP;
    this.#etag = entityTagOf(stats, this.#young);
    // RFC 9110 §8.8.2.1: never later than the Date of the response.
    this.#lastModified = modified >= 0 && modified <= now ? modified : undefined;
    this.#lines = this.#fields();
    // Whoever coded the file coded the line with it.
    if (found.opener !== undefined && found.line === undefined) {
      this.#precoded = new PrecodedFiles(found.file, stats, found.opener);
    }
    if (this.#source instanceof Uint8Array) {
      const response = new Response(this.#source, { headers: headersOf(this.#lines) });
      Response.parts.represent(response, this);
      this.#whole = new KeptResponse(response);
    }
  }

  /** The path by which it was found. */
  get file(): string {
    return this.#found.file;
  }

  /** Whether the path still means this file, unchanged, as far as the loader can tell by now. */
  get isCurrent(): boolean {
    const now = systemClock.now();
    const keeper = this.#keeper;
    if (keeper !== undefined && now - this.#checked < TRUSTED && this.#checked > keeper.disturbed) return true;
    if (!this.isUnchanged(Date.now())) return false;
    this.#checked = now;
    return true;
  }

  /** It is kept under a path from now on. */
  keptBy(keeper: Keeper, path: string): void {
    this.#keeper = keeper;
    this.#path = path;
    this.#checked = systemClock.now();
  }

  grow(octets: number): boolean {
    return this.#keeper?.grow(this.#path, this, octets) ?? false;
  }

  /** The content in one piece. @throws RangeError when it is longer than 16 MiB */
  whole(): MaybePromise<Uint8Array> {
    return this.#source instanceof Uint8Array ? this.#source : this.#readWhole(this.#source);
  }

  async #readWhole(descriptor: Descriptor): Promise<Uint8Array> {
    if (this.size > LARGEST_WHOLE) {
      throw new RangeError(`${this.file} is too large to be taken whole: ${this.size} octets`);
    }
    descriptor.retain();
    try {
      const content = Buffer.allocUnsafeSlow(this.size);
      const octets = await descriptor.read(content, this.#start);
      return octets === this.size ? content : content.subarray(0, octets);
    } finally {
      descriptor.release();
    }
  }

  /** The content in a coding from the file beside this one, such as `page.html.br`. A stream among it must be closed. */
  precoded(coding: string): MaybePromise<Content | undefined> {
    if (this.#precoded === undefined || ENDINGS[coding] === undefined) return undefined;
    const isKept = this.inMemory && this.grow(0);
    return isKept ? this.#precoded.kept(coding, (octets) => this.grow(octets)) : this.#precoded.read(coding);
  }

  /** Another file below the same root, by its path from there: what may be asked for, and nothing else. */
  neighbour(path: string): MaybePromise<Representation | undefined> {
    return this.#found.neighbours?.(path);
  }

  #fields(): string[] {
    const lines = ["content-type", this.type, "etag", this.#etag];
    if (this.#lastModified !== undefined) lines.push("last-modified", formatHttpDate(this.#lastModified));
    if (this.#found.cacheControl !== undefined) lines.push("cache-control", this.#found.cacheControl);
    lines.push("accept-ranges", "bytes");
    return lines;
  }

  /** Whether the content is held, rather than an open file. */
  get inMemory(): boolean {
    return this.#whole !== undefined;
  }

  /** What preconditions are evaluated against. */
  validators(now: number): Validators {
    return { etag: this.#etag, lastModified: this.#lastModified, date: now };
  }

  /** 200 with everything. */
  response(request: Request): Response {
    return this.#whole === undefined ? this.responseOf(this.part(request, 0, this.size), 200) : this.#whole.again();
  }

  /** A response with some of the content. */
  responseOf(content: Content, status: number, headers: Headers = this.headers()): Response {
    const response = new Response(content, { status, headers });
    Response.parts.represent(response, this);
    return response;
  }

  /** 304. RFC 9110 §15.4.5: with the fields that update what is stored, and not those that describe it. */
  notModified(): Response {
    if (this.#notModified === undefined) {
      const lines = this.#lines.filter((_, index, all) => /^(?:etag|cache-control)$/.test(all[index & ~1]!));
      this.#notModified = new KeptResponse(this.responseOf(null, 304, headersOf(lines)));
    }
    return this.#notModified.again();
  }

  /** The header section of a response that has content. */
  headers(): Headers {
    return headersOf(this.#lines);
  }

  conditional(request: Request, response: Response): Response {
    return conditionalResponse(request, this, response);
  }

  /** A stretch of the content. What it holds open is let go when the exchange ends, whatever becomes of the response. */
  part(request: Request, start: number, length: number): Content {
    const source = this.#source;
    if (source instanceof Uint8Array) return source.subarray(start, start + length);
    const content = new FileContent(source, this.#start + start, length);
    request.onEnd(() => content.close());
    return content;
  }

  /** Whether the path still means this file, unchanged. Asks the file system, and waits for it. */
  isUnchanged(now: number): boolean {
    const { file, absent, stats } = this.#found;
    if (this.#young && now - stats.mtimeMs >= TIME_STEP) return false;
    try {
      const current = statSync(file, { throwIfNoEntry: false });
      if (current === undefined || !isSame(stats, current) || !absent.every(isAbsent)) return false;
      return this.#precoded?.areUnchanged !== false;
    } catch {
      return false;
    }
  }

  /** One more user of the file, who must {@link release} it. */
  retain(): void {
    const source = this.#source;
    if (!(source instanceof Uint8Array)) source.retain();
  }

  /** One user less: the last one closes the file. */
  release(): void {
    const source = this.#source;
    if (!(source instanceof Uint8Array)) source.release();
  }
}

/**
 * Loads an open file, taking its descriptor over.
 *
 * @param largest the largest file, in octets, whose content is read into memory
 */
export async function loadFile(
  found: Omit<FoundFile, "stats" | "source" | "line"> & { readonly open: OpenFile },
  largest: number,
): Promise<LoadedFile> {
  const { descriptor } = found.open;
  let { stats } = found.open;
  const lineOf = found.directives === false ? () => undefined : directiveLine;
  try {
    if (stats.size <= largest) {
      const source = Buffer.allocUnsafeSlow(stats.size);
      const octets = await descriptor.read(source, 0);
      const after = await descriptor.stat();
      if (octets === stats.size && isSame(stats, after)) {
        return new LoadedFile({ ...found, stats, source, line: lineOf(source) }, Date.now());
      }
      stats = after;
    }
    // Too large, or being written: what is read may be half of one state and half of the next. A stream at least ends
    // where the file ends.
    const head = Buffer.allocUnsafe(Math.min(stats.size, DIRECTIVES_HEAD));
    const octets = await descriptor.read(head, 0);
    const line = lineOf(head.subarray(0, octets));
    return new LoadedFile({ ...found, stats, source: descriptor.retain(), line }, Date.now());
  } finally {
    descriptor.release();
  }
}

function headersOf(lines: readonly string[]): Headers {
  return Headers.fromChecked(lines.slice());
}

/** Size, time of change in microseconds and inode: the same for each response until the file changes. */
function entityTagOf(stats: Stats, weak: boolean): string {
  const parts = [stats.size, Math.round(stats.mtimeMs * 1000), stats.ino];
  return formatEntityTag(parts.map((part) => part.toString(36)).join("-"), weak);
}

function isAbsent(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) === undefined;
}
