import { type Stats, statSync } from "node:fs";
import { formatEntityTag } from "../../fields/entity-tag.ts";
import { formatHttpDate } from "../../fields/http-date.ts";
import type { Validators } from "../../fields/preconditions.ts";
import { mediaTypeOf } from "../../helpers/media-types.ts";
import type { Content } from "../../http/content.ts";
import { Headers } from "../../http/headers.ts";
import { KeptResponse } from "../../http/kept-response.ts";
import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import type { Descriptor, OpenFile } from "./descriptor.ts";
import { FileContent } from "./file-content.ts";

/** File systems note times this coarsely at worst (FAT): within it, a file may change twice and show one time. */
const TIME_STEP = 2000;

/** How a file was found. */
export interface FoundFile {
  /** The path by which it was found; links in it are not resolved. */
  readonly file: string;
  /** Paths that would have come first, and were not there. */
  readonly absent: readonly string[];
  /** Of the open file. */
  readonly stats: Stats;
  /** The whole content, or where to read it. */
  readonly source: Uint8Array | Descriptor;
  /** The value of Cache-Control, if there is to be one. */
  readonly cacheControl: string | undefined;
}

/**
 * A file as it was at one moment, with everything that its responses have in common made once.
 */
export class LoadedFile {
  /** Octets. */
  readonly size: number;
  /** The media type. */
  readonly type: string;
  readonly #found: FoundFile;
  /** Whether it was so young that its entity tag is weak. */
  readonly #young: boolean;
  readonly #etag: string;
  readonly #lastModified: number | undefined;
  readonly #lines: readonly string[];
  readonly #whole: KeptResponse | undefined;
  #notModified: KeptResponse | undefined;

  /** When it was last seen to be still the same, by the loader's clock. */
  checked = 0;

  /** @param now milliseconds since 1970 */
  constructor(found: FoundFile, now: number) {
    const { stats, source } = found;
    const modified = stats.mtimeMs;
    this.#found = found;
    this.size = source instanceof Uint8Array ? source.length : stats.size;
    this.type = mediaTypeOf(found.file);
    // RFC 9110 §8.8.1: a strong validator changes with every change of the content, which a time cannot promise while
    // the same time could be noted once more.
    this.#young = now - modified < TIME_STEP;
    this.#etag = entityTagOf(stats, this.#young);
    // RFC 9110 §8.8.2.1: never later than the Date of the response.
    this.#lastModified = modified >= 0 && modified <= now ? modified : undefined;
    this.#lines = this.#fields();
    if (source instanceof Uint8Array) {
      this.#whole = new KeptResponse(new Response(source, { headers: headersOf(this.#lines) }));
    }
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
  whole(request: Request): Response {
    if (this.#whole !== undefined) return this.#whole.again();
    return new Response(this.part(request, 0, this.size), { headers: this.headers() });
  }

  /** 304. RFC 9110 §15.4.5: with the fields that update what is stored, and not those that describe it. */
  notModified(): Response {
    this.#notModified ??= new KeptResponse(
      new Response(null, {
        status: 304,
        headers: headersOf(
          this.#lines.filter((_, index, lines) => /^(?:etag|cache-control)$/.test(lines[index & ~1]!)),
        ),
      }),
    );
    return this.#notModified.again();
  }

  /** The header section of a response that has content. */
  headers(): Headers {
    return headersOf(this.#lines);
  }

  /** A stretch of the content. What it holds open is let go when the exchange ends, whatever becomes of the response. */
  part(request: Request, start: number, length: number): Content {
    const { source } = this.#found;
    if (source instanceof Uint8Array) return source.subarray(start, start + length);
    const content = new FileContent(source, start, length);
    request.onEnd(() => content.close());
    return content;
  }

  /** Whether the path still means this file, unchanged. Asks the file system, and waits for it. */
  isCurrent(now: number): boolean {
    const { file, absent, stats } = this.#found;
    if (this.#young && now - stats.mtimeMs >= TIME_STEP) return false;
    try {
      const current = statSync(file, { throwIfNoEntry: false });
      return current !== undefined && isSame(stats, current) && absent.every(isAbsent);
    } catch {
      return false;
    }
  }

  /** One more user of the file, who must {@link release} it. */
  retain(): void {
    const { source } = this.#found;
    if (!(source instanceof Uint8Array)) source.retain();
  }

  /** One user less: the last one closes the file. */
  release(): void {
    const { source } = this.#found;
    if (!(source instanceof Uint8Array)) source.release();
  }
}

/**
 * Loads an open file, taking its descriptor over.
 *
 * @param largest the largest file, in octets, whose content is read into memory
 */
export async function loadFile(
  found: Omit<FoundFile, "stats" | "source"> & { readonly open: OpenFile },
  largest: number,
): Promise<LoadedFile> {
  const { descriptor, stats } = found.open;
  if (stats.size > largest) return new LoadedFile({ ...found, stats, source: descriptor }, Date.now());
  try {
    const content = Buffer.allocUnsafeSlow(stats.size);
    const octets = await descriptor.read(content, 0);
    const after = await descriptor.stat();
    if (octets === stats.size && isSame(stats, after)) {
      return new LoadedFile({ ...found, stats, source: content }, Date.now());
    }
    // It is being written: what was read may be half of one state and half of the next. A stream at least ends where
    // the file ends.
    return new LoadedFile({ ...found, stats: after, source: descriptor.retain() }, Date.now());
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

/** Whether nothing about a file has changed. */
function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

function isAbsent(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) === undefined;
}
