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
 * Each chunk is a buffer of its own, since whoever takes it may keep it; who does not says so by {@link reuse}.
 */
export class FileContent implements SizedContent {
  readonly length: number;
  readonly #descriptor: Descriptor;
  readonly #start: number;
  #left: number;
  /** The buffer of the chunk given out last. */
  #lent: Buffer | undefined;
  /** A buffer that nobody looks at any more. */
  #free: Buffer | undefined;
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
    const buffer = this.#free ?? Buffer.allocUnsafeSlow(Math.min(CHUNK, this.#left));
    this.#free = undefined;
    this.#lent = undefined;
    const chunk = this.#left < buffer.length ? buffer.subarray(0, this.#left) : buffer;
    this.#reading = true;
    try {
      const octets = await this.#descriptor.read(chunk, this.#start + this.length - this.#left);
      // The length is promised already: only a broken connection tells the client that something is missing.
      if (octets < chunk.length) throw new TruncatedFileError(this.length, this.#left - octets);
      this.#left -= octets;
      this.#lent = buffer;
    } catch (error) {
      this.#closed = true;
      throw error;
    } finally {
      this.#reading = false;
      if (this.#closed) this.#descriptor.release();
    }
    return this.#closed ? { done: true, value: undefined } : { done: false, value: chunk };
  }

  /** Word from the reader that it has done with the last chunk and kept nothing of it: saves a buffer per chunk. */
  reuse(): void {
    this.#free = this.#lent;
  }

  /** Lets the file go; a read under way is waited for, since its descriptor's number could be given to another file. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#reading) this.#descriptor.release();
  }
}
