import type { SizedContent } from "../../http/content.ts";
import type { Descriptor } from "./descriptor.ts";

/** Octets read at a time: what a connection holds unsent at most. */
const CHUNK = 64 * 1024;

/** The file is shorter than it was when its length was announced. */
export class TruncatedFileError extends Error {
  constructor(expected: number, missing: number) {
    super(`The file was cut short while it was sent: ${missing} of ${expected} octets are missing`);
    this.name = "TruncatedFileError";
  }
}

/**
 * A stretch of an open file as content, read piece by piece: memory stays constant however long it is.
 *
 * Each chunk is a buffer of its own, since whoever takes it may keep it.
 */
export class FileContent implements SizedContent {
  readonly length: number;
  readonly #descriptor: Descriptor;
  readonly #start: number;
  #left: number;
  #reading = false;
  #closed = false;

  constructor(descriptor: Descriptor, start: number, length: number) {
    this.#descriptor = descriptor.retain();
    this.#start = start;
    this.length = length;
    this.#left = length;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#left === 0) this.close();
    if (this.#closed) return { done: true, value: undefined };
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, this.#left));
    this.#reading = true;
    try {
      const octets = await this.#descriptor.read(chunk, this.#start + this.length - this.#left);
      // The length is promised already: only a broken connection tells the client that something is missing.
      if (octets < chunk.length) throw new TruncatedFileError(this.length, this.#left - octets);
      this.#left -= octets;
    } catch (error) {
      this.#closed = true;
      throw error;
    } finally {
      this.#reading = false;
      if (this.#closed) this.#descriptor.release();
    }
    return this.#closed ? { done: true, value: undefined } : { done: false, value: chunk };
  }

  /** Lets the file go; a read under way is waited for, since its descriptor's number could be given to another file. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#reading) this.#descriptor.release();
  }
}
