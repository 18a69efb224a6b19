import { constants, createBrotliCompress, createGzip, createZstdCompress } from "node:zlib";
import type { Transform } from "node:stream";
import { releaseContent, type StreamedContent } from "../http/content.ts";
import { type ContentSource, octetsOf, sourceOf } from "../http/content-source.ts";
import type { Coding } from "./coding-choice.ts";
import { QUICK_LEVELS } from "./coding-octets.ts";

/** Streams that are coded at a time: each holds 60 to 200 KB, however long it lives. What is beyond goes as it is. */
const MOST = 256;

/** Octets that are gathered before they are coded although more are at hand. */
const GATHER = 64 * 1024;

let open = 0;

/**
 * Streamed content in a content coding, flushed: what the source gives reaches the client without waiting for more.
 *
 * Nothing happens until it is read. Who does not read it to the end calls `close`.
 */
export class CodedContent implements AsyncIterable<Uint8Array> {
  readonly #content: StreamedContent;
  readonly #coding: Coding;
  #pieces: CodedPieces | undefined;

  constructor(content: StreamedContent, coding: Coding) {
    this.#content = content;
    this.#coding = coding;
  }

  /** Whether there is room for one more. */
  static get hasRoom(): boolean {
    return open < MOST;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return (this.#pieces = new CodedPieces(sourceOf(this.#content), this.#coding));
  }

  /** Lets go of the source and of what the coding holds. */
  close(): void {
    if (this.#pieces === undefined) releaseContent(this.#content);
    else this.#pieces.stop();
  }
}

/** States: reading → ended (the source is) → stopped. */
class CodedPieces implements AsyncIterator<Uint8Array, undefined> {
  readonly #source: ContentSource;
  readonly #encoder: Transform;
  #state: "reading" | "ended" | "stopped" = "reading";
  /** A piece that was asked for and has not come. */
  #pending: Promise<IteratorResult<Uint8Array | string>> | undefined;
  #coded: Uint8Array[] = [];

  constructor(source: ContentSource, coding: Coding) {
    open++;
    this.#source = source;
    this.#encoder = ENCODERS[coding]();
    this.#encoder.on("data", (octets: Uint8Array) => this.#coded.push(octets));
    // Whoever waits for the coding is told; nobody else can do anything about it.
    this.#encoder.on("error", () => {});
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#state !== "reading") {
      this.stop();
      return { done: true, value: undefined };
    }
    try {
      const gathered = await this.#gather();
      if (this.#stopped) return { done: true, value: undefined };
      const value = await this.#code(gathered);
      return this.#stopped ? { done: true, value: undefined } : { done: false, value };
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Stops the source, also while a piece is waited for, and frees what the coding holds. */
  stop(): void {
    if (this.#state === "stopped") return;
    const isUnread = this.#state === "reading";
    this.#state = "stopped";
    open--;
    this.#encoder.destroy();
    if (!isUnread) return;
    this.#pending?.catch(() => {});
    this.#source.cancel();
  }

  get #stopped(): boolean {
    return this.#state === "stopped";
  }

  /** What the source has at hand: at least one piece, unless it ends. */
  async #gather(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let size = 0; size < GATHER;) {
      this.#pending ??= this.#source.next();
      if (size > 0 && !(await isAtHand(this.#pending))) break;
      const { done, value } = await this.#pending;
      this.#pending = undefined;
      if (this.#stopped) break;
      if (done === true) {
        this.#state = "ended";
        break;
      }
      const octets = octetsOf(value);
      size += octets.length;
      if (octets.length > 0) pieces.push(octets);
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  #code(octets: Uint8Array): Promise<Uint8Array> {
    const encoder = this.#encoder;
    const isLast = this.#state === "ended";
    return new Promise((resolve, reject) => {
      const settle = (error?: Error | null): void => {
        encoder.off("error", settle).off("end", settle).off("close", settle);
        if (error !== undefined && error !== null) return reject(error);
        const coded = this.#coded;
        this.#coded = [];
        resolve(coded.length === 1 ? coded[0]! : Buffer.concat(coded));
      };
      encoder.once("error", settle).once("close", settle);
      if (isLast) encoder.once("end", settle).end(octets);
      else encoder.write(octets, settle);
    });
  }
}

const fulfilled = (): boolean => true;
const rejected = (): boolean => false;

/**
 * Whether a promise is fulfilled before anything else can happen. Not when it is rejected: what came before an error is
 * sent before it shows.
 */
function isAtHand(promise: Promise<unknown>): Promise<boolean> {
  const { promise: later, resolve } = Promise.withResolvers<boolean>();
  setImmediate(resolve, false);
  return Promise.race([promise.then(fulfilled, rejected), later]);
}

/** Windows of 128 to 256 KB: a stream may live for hours, and there may be many. */
const ENCODERS: Readonly<Record<Coding, () => Transform>> = {
  br: () =>
    createBrotliCompress({
      flush: constants.BROTLI_OPERATION_FLUSH,
      params: { [constants.BROTLI_PARAM_QUALITY]: QUICK_LEVELS.br, [constants.BROTLI_PARAM_LGWIN]: 17 },
    }),
  zstd: () =>
    createZstdCompress({
      flush: constants.ZSTD_e_flush,
      params: {
        [constants.ZSTD_c_compressionLevel]: QUICK_LEVELS.zstd,
        [constants.ZSTD_c_windowLog]: 17,
        [constants.ZSTD_c_hashLog]: 14,
        [constants.ZSTD_c_chainLog]: 14,
      },
    }),
  gzip: () => createGzip({ flush: constants.Z_SYNC_FLUSH, level: QUICK_LEVELS.gzip }),
};
