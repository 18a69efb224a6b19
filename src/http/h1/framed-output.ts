import { latin1OfOctets } from "../latin1.ts";
import type { Output } from "../output.ts";
import type { StreamSink } from "../stream-writer.ts";
import { chunkLine, type Delimiting, lastChunk } from "./encoder.ts";

/** Pieces up to this size are gathered with their framing into one write. */
const SMALL = 4 * 1024;

/** Frames the pieces of streamed content: in chunks, or as they are where a length or the end of the connection does. */
export class FramedOutput implements StreamSink {
  readonly #output: Output;
  readonly #isChunked: boolean;

  constructor(output: Output, delimiting: Delimiting) {
    this.#output = output;
    this.#isChunked = delimiting === "chunked";
  }

  get blocked(): boolean {
    return this.#output.blocked;
  }

  get isEmpty(): boolean {
    return this.#output.isEmpty;
  }

  flushSoon(): void {
    this.#output.flushSoon();
  }

  piece(octets: Uint8Array): void {
    const output = this.#output;
    if (this.#isChunked) output.text(chunkLine(octets.length));
    if (octets.length <= SMALL) output.text(latin1OfOctets(octets));
    else output.octets(octets);
    if (this.#isChunked) output.text("\r\n");
  }

  finish(trailers: readonly string[]): void {
    if (this.#isChunked) this.#output.text(lastChunk(trailers));
  }
}
