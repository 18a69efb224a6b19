import type { Readable } from "node:stream";
import type { Dicer } from "@fastify/busboy";
import { parseDecimal } from "../base/ascii.ts";
import { parseContentDisposition } from "../fields/content-disposition.ts";
import { parseContentType } from "../fields/content-type.ts";
import { safeFileName } from "../fields/safe-file-name.ts";
import { Headers } from "../http/headers.ts";
import { HttpError } from "../http/http-error.ts";
import type { Request } from "../http/request.ts";

/** What one form may hold; above it 413. Sizes in octets. */
export interface MultipartLimits {
  /** Parts, fields and files together. Default 100. */
  readonly parts?: number;
  /** The header section of a part. Default 8 KiB. */
  readonly header?: number;
  /** The value of a field. Default 1 MiB. */
  readonly field?: number;
  /** A file. Default 100 MiB. */
  readonly file?: number;
  /** Everything, as sent. Default 1 GiB. */
  readonly total?: number;
}

/** How a form is read. */
export interface MultipartOptions {
  readonly limits?: MultipartLimits;
}

const DEFAULTS: Required<MultipartLimits> = {
  parts: 100,
  header: 8 * 1024,
  field: 1024 * 1024,
  file: 100 * 1024 * 1024,
  total: 1024 * 1024 * 1024,
};

/** Field lines in the header section of a part; three have a meaning. */
const HEADER_FIELDS = 100;

/** Octets of a part that wait for their reader before the sender has to. */
const HIGH_WATER = 64 * 1024;

/**
 * The parts of a form (`multipart/form-data`, RFC 7578) as they arrive: each is read, or left, before the next comes.
 *
 * A part that is not read to its end is skipped. Leaving the loop stops reading the request. A slow reader slows the
 * sender down: nothing gathers in memory.
 *
 * @throws HttpError 415 when the content is no such form; 413 above a limit; 400 when the form is broken
 *
 * @example
 * for await (const part of multipart(request)) {
 *   if (part.filename === undefined) console.log(part.name, await part.text());
 *   else for await (const octets of part) hash.update(octets);
 * }
 */
export async function* multipart(
  request: Request<unknown>,
  { limits }: MultipartOptions = {},
): AsyncGenerator<Part, void, undefined> {
  const all = { ...DEFAULTS, ...limits };
  const boundary = boundaryOf(request);
  // What is announced to be too long need not be sent at all.
  const announced = parseDecimal(request.headers.get("content-length") ?? "");
  if (announced > all.total) throw tooLong(all.total);
  const { Dicer: Parser } = await import("@fastify/busboy");
  const config = { boundary, maxHeaderSize: all.header, maxHeaderPairs: HEADER_FIELDS, partHwm: HIGH_WATER };
  const reader = new PartReader(request, new Parser(config), all);
  try {
    for (;;) {
      const part = await reader.next();
      if (part === undefined) return;
      yield part;
    }
  } finally {
    reader.close();
  }
}

function boundaryOf(request: Request<unknown>): string {
  const type = parseContentType(request.headers.get("content-type") ?? undefined);
  if (type?.essence !== "multipart/form-data") {
    throw new HttpError(415, {
      detail: "The content must be multipart/form-data",
      fields: { accept: "multipart/form-data" },
    });
  }
  const boundary = type.parameters.get("boundary");
  // RFC 2046 §5.1.1: 1 to 70 characters.
  if (boundary === undefined || boundary === "" || boundary.length > 70) throw broken("has no valid boundary");
  return boundary;
}

function broken(what: string, cause?: unknown): HttpError {
  return new HttpError(400, { detail: `The form ${what}`, cause });
}

function tooLarge(what: string): HttpError {
  return new HttpError(413, { detail: `The form ${what}` });
}

function tooLong(limit: number): HttpError {
  return tooLarge(`is longer than ${limit} octets`);
}

/** One field or file of a form. Its content can be read once, before the next part is asked for. */
export class Part implements AsyncIterable<Uint8Array> {
  /** The name of the field. */
  readonly name: string;
  /**
   * The file's name on the sender's machine; undefined for a field that is no file, empty when no name was given.
   *
   * Without folders and control characters, but still the sender's choice: show it, and save under a name of your own.
   */
  readonly filename: string | undefined;
  /** The media type that the sender claims. Default `text/plain`, for files `application/octet-stream`. */
  readonly type: string;
  readonly headers: Headers;
  readonly #stream: Readable;
  readonly #limit: number;
  readonly #failure: () => unknown;
  #read = false;

  /** @internal */
  constructor(stream: Readable, headers: Headers, limits: Required<MultipartLimits>, failure: () => unknown) {
    const disposition = parseContentDisposition(headers.get("content-disposition") ?? undefined);
    const name = disposition?.parameters.get("name");
    // RFC 7578 §4.2: each part has this field, and in it the name. filename* must not be used, and is not looked at.
    if (disposition?.type !== "form-data" || name === undefined) throw broken("has a part without a name");
    const filename = disposition.parameters.get("filename");
    this.name = utf8(name);
    this.filename = filename === undefined ? undefined : (safeFileName(utf8(filename)) ?? "");
    const type = filename === undefined ? "text/plain" : "application/octet-stream";
    this.type = headers.get("content-type") ?? type;
    this.headers = headers;
    this.#stream = stream;
    this.#limit = filename === undefined ? limits.field : limits.file;
    this.#failure = failure;
  }

  /** The content as it arrives. @throws HttpError 413 when it is too long; 400 when the form breaks off. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#read) throw new TypeError("The content of this part has already been read");
    this.#read = true;
    let length = 0;
    try {
      // Not destroyed: what a reader leaves is skipped, and the next part comes on the same way.
      for await (const octets of this.#stream.iterator({ destroyOnReturn: false })) {
        length += (octets as Uint8Array).length;
        if (length > this.#limit) throw tooLarge(`has a ${this.#kind} longer than ${this.#limit} octets`);
        yield octets as Uint8Array;
      }
    } catch (error) {
      throw error instanceof HttpError ? error : (this.#failure() ?? broken("breaks off", error));
    }
  }

  get #kind(): string {
    return this.filename === undefined ? "field" : "file";
  }

  /** The whole content. @throws HttpError 413, 400 */
  async bytes(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const octets of this) pieces.push(octets);
    return Buffer.concat(pieces);
  }

  /** The whole content as UTF-8. @throws HttpError 413, 400 */
  async text(): Promise<string> {
    return Buffer.from(await this.bytes()).toString("utf8");
  }

  /** @internal Drops what has not been read. */
  static skip(part: Part): void {
    part.#read = true;
    part.#stream.resume();
  }

  /** @internal Whoever reads gets the error of the form. */
  static abort(part: Part): void {
    part.#stream.destroy(new Error("The form was not read to its end"));
  }
}

/** Part headers are octets; browsers write UTF-8 (RFC 7578 §5.1). */
function utf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

/**
 * Feeds a request to the parser and hands out its parts.
 *
 * States: open → done | failed | closed.
 */
class PartReader {
  readonly #request: Request<unknown>;
  readonly #limits: Required<MultipartLimits>;
  readonly #dicer: Dicer;
  /** Parts whose header section has been read and that nobody has been given yet. */
  readonly #waiting: Part[] = [];
  #current: Part | undefined;
  #parts = 0;
  #started = false;
  #state: "open" | "done" | "failed" | "closed" = "open";
  #failure: unknown;
  /** Wakes whoever waits for the next part. */
  #wake: (() => void) | undefined;
  /** Ends the wait for a parser that has no room. */
  #written: (() => void) | undefined;

  constructor(request: Request<unknown>, dicer: Dicer, limits: Required<MultipartLimits>) {
    this.#request = request;
    this.#limits = limits;
    this.#dicer = dicer;
    this.#dicer.on("part", (stream) => this.#onPart(stream));
    this.#dicer.on("error", (error) => this.#fail(broken("breaks off", error)));
    this.#dicer.on("finish", () => this.#settle("done"));
  }

  async next(): Promise<Part | undefined> {
    if (this.#current !== undefined) Part.skip(this.#current);
    if (!this.#started) {
      this.#started = true;
      void this.#feed();
    }
    for (;;) {
      if (this.#state === "failed") throw this.#failure;
      this.#current = this.#waiting.shift();
      if (this.#current !== undefined || this.#state === "done") return this.#current;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #feed(): Promise<void> {
    let total = 0;
    try {
      for await (const octets of this.#request.chunks()) {
        total += octets.length;
        if (total > this.#limits.total) throw tooLong(this.#limits.total);
        await this.#write(octets);
        if (this.#state !== "open") return;
      }
      this.#dicer.end();
    } catch (error) {
      this.#fail(error);
    }
  }

  #write(octets: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#written = resolve;
      this.#dicer.write(octets, () => resolve());
    });
  }

  #onPart(stream: Dicer.PartStream): void {
    // An error without a listener would end the process; whoever reads the part gets it.
    stream.on("error", () => {});
    if (++this.#parts > this.#limits.parts) {
      this.#fail(tooLarge(`has more than ${this.#limits.parts} parts`));
      return;
    }
    stream.once("header", (lines) => this.#onHeader(stream, lines as Record<string, string[]>));
  }

  #onHeader(stream: Dicer.PartStream, lines: Readonly<Record<string, readonly string[]>>): void {
    if (this.#state !== "open") return;
    const fields = Object.entries(lines).flatMap(([name, values]) => values.map((value) => [name, value] as const));
    // The parser cuts a header section off at its limits: what is as long as that has been.
    const length = fields.reduce((sum, [name, value]) => sum + name.length + value.length + ": \r\n".length, 0);
    if (length >= this.#limits.header || fields.length >= HEADER_FIELDS) {
      this.#fail(tooLarge("has a part whose header section is too long"));
      return;
    }
    try {
      this.#waiting.push(new Part(stream, new Headers(fields), this.#limits, () => this.#failure));
      this.#wake?.();
    } catch (error) {
      this.#fail(error instanceof HttpError ? error : broken("has a part with a broken header section", error));
    }
  }

  #fail(error: unknown): void {
    if (this.#state !== "open") return;
    this.#failure = error;
    this.#settle("failed");
  }

  #settle(state: "done" | "failed" | "closed"): void {
    if (this.#state !== "open") return;
    this.#state = state;
    if (state !== "done") {
      if (this.#current !== undefined) Part.abort(this.#current);
      for (const part of this.#waiting) Part.abort(part);
    }
    this.#written?.();
    this.#wake?.();
  }

  /** Nobody wants more. */
  close(): void {
    this.#settle("closed");
  }
}
