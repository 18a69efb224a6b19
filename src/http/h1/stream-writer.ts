import type { StreamedContent } from "../content.ts";
import { type ContentSource, octetsOf, sourceOf } from "../content-source.ts";
import { Headers, type HeadersInit } from "../headers.ts";
import { chunkLine, type Delimiting, lastChunk, latin1OfOctets } from "./encoder.ts";
import type { Output } from "./output.ts";

/** Pieces up to this size are gathered with their framing into one write. */
const SMALL = 4 * 1024;

/** Content that did not have the length it was announced with. */
export class LengthMismatchError extends Error {
  constructor(announced: number, actual: number) {
    super(
      `The response announced ${announced} octets of content and has ${actual < announced ? "only " : ""}${actual}`,
    );
    this.name = "LengthMismatchError";
  }
}

/**
 * Writes streamed content: takes a piece when the connection has room, frames it, and stops when the connection is gone.
 */
export class StreamWriter {
  readonly #output: Output;
  readonly #source: ContentSource;
  readonly #delimiting: Delimiting;
  readonly #trailers: (() => HeadersInit | Promise<HeadersInit>) | undefined;
  #resume: (() => void) | undefined;
  #aborted = false;

  /** Octets of content written. */
  written = 0;

  /** @param trailers gives the trailer section; only where the client takes one */
  constructor(
    output: Output,
    content: StreamedContent,
    delimiting: Delimiting,
    trailers: (() => HeadersInit | Promise<HeadersInit>) | undefined,
  ) {
    this.#output = output;
    this.#source = sourceOf(content);
    this.#delimiting = delimiting;
    this.#trailers = trailers;
  }

  /**
   * Writes everything.
   *
   * @returns false when it was aborted
   * @throws what the content throws; LengthMismatchError when it is longer or shorter than announced
   */
  async run(): Promise<boolean> {
    const announced = typeof this.#delimiting === "number" ? this.#delimiting : undefined;
    for (;;) {
      if (this.#output.blocked) await this.#drained();
      if (this.#aborted) return false;
      if (this.#output.isEmpty) this.#source.reuse?.();
      const next = this.#source.next();
      this.#output.flushSoon();
      const { done, value } = await next;
      if (this.#aborted) return false;
      if (done === true) break;
      const octets = octetsOf(value);
      if (announced !== undefined && this.written + octets.length > announced) {
        this.#source.cancel(undefined);
        throw new LengthMismatchError(announced, this.written + octets.length);
      }
      if (octets.length > 0) this.#piece(octets);
    }
    if (announced !== undefined && this.written < announced) throw new LengthMismatchError(announced, this.written);
    if (this.#delimiting === "chunked") {
      const trailers = this.#trailers === undefined ? undefined : await this.#trailers();
      if (this.#aborted) return false;
      this.#output.text(lastChunk(trailers === undefined ? [] : Headers.lines(new Headers(trailers))));
    }
    return true;
  }

  #piece(octets: Uint8Array): void {
    const output = this.#output;
    this.written += octets.length;
    const chunked = this.#delimiting === "chunked";
    if (chunked) output.text(chunkLine(octets.length));
    if (octets.length <= SMALL) output.text(latin1OfOctets(octets));
    else output.octets(octets);
    if (chunked) output.text("\r\n");
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => (this.#resume = resolve));
  }

  /** The connection has room again. */
  onDrain(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** The connection is gone: stops the content at its source. */
  abort(reason: unknown): void {
    this.#aborted = true;
    this.#source.cancel(reason);
    this.onDrain();
  }
}
