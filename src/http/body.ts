import { isPromise, type MaybePromise } from "../base/maybe-promise.ts";
import type { Headers } from "./headers.ts";

/** Octets that wait in a body before its source is told to pause. */
const HIGH_WATER = 64 * 1024;

/** Chunks below this size are joined when so many wait already, to pieces of at most that one. */
const SMALL = 1024;
const FEW = 4;
const JOINED = 4 * 1024;

/** The session's side of a request body. */
export interface BodySource {
  /** A reader waits for octets: send 100 (Continue) if the client waits for it, read on if reading was paused. */
  demand(): void;
}

interface Waiter {
  resolve(chunk: Uint8Array | undefined): void;
  reject(error: unknown): void;
}

/**
 * The content of a request as it arrives: the session pushes, one reader pulls, and neither outruns the other.
 *
 * States: open → ended | failed. A reader that comes after the end gets what is queued, then the end or the error.
 */
export class Body implements AsyncIterable<Uint8Array> {
  #source: BodySource | undefined;
  #chunks: Uint8Array[] = [];
  #queued = 0;
  /** The last chunk that waits, as long as small ones are joined to it. */
  #joined: Buffer | undefined;
  #filled = 0;
  #state: "open" | "ended" | "failed" = "open";
  #error: unknown;
  #waiter: Waiter | undefined;
  #trailers: Headers | undefined;
  #whenTrailers: PromiseWithResolvers<Headers | undefined> | undefined;
  /** Whether somebody has a hold of the content and may read it while the response is sent. */
  claimed = false;

  /** The declared length in octets, or -1 when it is not known (chunked). */
  readonly length: number;

  constructor(source: BodySource | undefined, length: number) {
    this.#source = source;
    this.length = length;
  }

  /** Whether everything has arrived and been read. */
  get drained(): boolean {
    return this.#state === "ended" && this.#chunks.length === 0;
  }

  /** Octets that have come and were not read yet. */
  get queued(): number {
    return this.#queued;
  }

  /** Takes a chunk over (it must not change afterwards). False: stop reading until {@link BodySource.demand}. */
  push(chunk: Uint8Array): boolean {
    if (this.#state !== "open" || chunk.length === 0) return true;
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      waiter.resolve(chunk);
      return true;
    }
    if (chunk.length < SMALL && this.#chunks.length >= FEW) this.#join(chunk);
    else {
      this.#seal();
      this.#chunks.push(chunk);
    }
    this.#queued += chunk.length;
    return this.#queued < HIGH_WATER;
  }

  /** Content that comes octet by octet must not cost an object for each. */
  #join(chunk: Uint8Array): void {
    if (this.#joined === undefined || this.#filled + chunk.length > JOINED) {
      this.#seal();
      this.#joined = Buffer.allocUnsafe(JOINED);
      this.#filled = 0;
      this.#chunks.push(this.#joined);
    }
    this.#joined.set(chunk, this.#filled);
    this.#filled += chunk.length;
  }

  #seal(): void {
    if (this.#joined === undefined) return;
    this.#chunks[this.#chunks.length - 1] = this.#joined.subarray(0, this.#filled);
    this.#joined = undefined;
  }

  /** The content is complete. */
  end(trailers?: Headers): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.#trailers = trailers;
    this.#settle();
  }

  /** The content will not be complete: the reader gets `error` after what has arrived. */
  fail(error: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "failed";
    this.#error = error;
    this.#settle();
  }

  /** Nobody will read the rest: drops what is queued and everything that still comes. */
  discard(error: unknown): void {
    // Who reads what was dropped must not take it for empty.
    if (this.#chunks.length > 0 && this.#state === "ended") this.#state = "open";
    this.#chunks = [];
    this.#joined = undefined;
    this.#queued = 0;
    this.#source = undefined;
    this.fail(error);
  }

  #settle(): void {
    this.#whenTrailers?.resolve(this.#trailers);
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    this.#waiter = undefined;
    if (this.#state === "failed") waiter.reject(this.#error);
    else waiter.resolve(undefined);
  }

  /** Waits for the trailer section: undefined when the body ends without one or does not end well. */
  whenTrailers(): Promise<Headers | undefined> {
    if (this.#state !== "open") return Promise.resolve(this.#trailers);
    return (this.#whenTrailers ??= Promise.withResolvers()).promise;
  }

  /**
   * The next chunk, or undefined at the end.
   *
   * @throws TypeError when another read is still waiting; the source's error when the body broke off.
   */
  read(): MaybePromise<Uint8Array | undefined> {
    if (this.#chunks.length === 1) this.#seal();
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      const before = this.#queued;
      this.#queued -= chunk.length;
      if (before >= HIGH_WATER && this.#queued < HIGH_WATER) this.#source?.demand();
      return chunk;
    }
    if (this.#state === "ended") return undefined;
    if (this.#state === "failed") return Promise.reject(this.#error);
    if (this.#waiter !== undefined) throw new TypeError("The body is already being read");
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#source?.demand();
    });
  }

  /** The whole content when it has arrived already as one piece or none: saves the loop for small bodies. */
  takeWhole(): Uint8Array | undefined {
    if (this.#state !== "ended" || this.#chunks.length > 1) return undefined;
    this.#seal();
    const [chunk = EMPTY] = this.#chunks;
    this.#chunks = [];
    this.#queued = 0;
    return chunk;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const next = this.read();
      const chunk = isPromise(next) ? await next : next;
      if (chunk === undefined) return;
      yield chunk;
    }
  }
}

const EMPTY = new Uint8Array(0);
