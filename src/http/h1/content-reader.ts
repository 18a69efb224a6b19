import type { Body } from "../body.ts";
import { Headers } from "../headers.ts";
import { type HttpLimits, trailerLimits } from "../http-limits.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { CONTENT_TOO_LARGE, type SyntaxFault } from "../fault.ts";
import { HeadParser } from "./head-parser.ts";

/**
 * Reads the content of one request into its body, by length or by chunks, and the trailer section after it.
 *
 * States: content → (trailers) → complete, or refused at any point.
 */
export class ContentReader {
  readonly #body: Body;
  readonly #limits: HttpLimits;
  readonly #decoder: ChunkedDecoder | undefined;
  #left: number;
  #trailers: HeadParser | undefined;
  #held: Buffer | undefined;

  /** Octets of content read. */
  received = 0;
  complete = false;
  /** Why the content is refused, once `read` has returned -1. */
  fault: SyntaxFault | undefined;
  /** Whether the body wants no more for now. */
  full = false;

  /** @param length the Content-Length, or -1 for chunked */
  constructor(body: Body, length: number, limits: HttpLimits) {
    this.#body = body;
    this.#limits = limits;
    this.#left = length;
    this.#decoder = length === -1 ? new ChunkedDecoder() : undefined;
  }

  /** Octets still to come, or Infinity when that is not known. */
  get remaining(): number {
    return this.#decoder === undefined ? this.#left : Infinity;
  }

  /**
   * Reads on.
   *
   * @returns the offset after what belongs to the content, or -1 when it is refused (see `fault`)
   */
  read(octets: Buffer, start: number, end: number): number {
    if (this.#decoder === undefined) return this.#byLength(octets, start, end);
    if (this.#trailers !== undefined) return this.#trailerSection(octets, start, end);
    const at = this.#decoder.decode(octets, start, end, (from, to) => this.#push(octets, from, to));
    if (at === -1) return this.#refuse(this.#decoder.fault!);
    if (this.received > this.#limits.content) return this.#refuse(CONTENT_TOO_LARGE);
    if (!this.#decoder.complete) return at;
    this.#trailers = new HeadParser(trailerLimits(this.#limits));
    this.#trailers.resetForTrailers();
    return this.#trailerSection(octets, at, end);
  }

  #byLength(octets: Buffer, start: number, end: number): number {
    const to = Math.min(end, start + this.#left);
    if (to > start) this.#push(octets, start, to);
    this.#left -= to - start;
    if (this.#left === 0) this.#finish(undefined);
    return to;
  }

  #push(octets: Buffer, from: number, to: number): void {
    this.received += to - from;
    // The octets are borrowed from the connection; the body keeps its own.
    const own = Buffer.allocUnsafe(to - from);
    octets.copy(own, 0, from, to);
    if (!this.#body.push(own)) this.full = true;
  }

  /** RFC 9112 §7.1.2. Trailers stay apart from the header section: nothing in them frames, routes or authorises. */
  #trailerSection(octets: Buffer, start: number, end: number): number {
    const held = this.#held;
    const all = held === undefined ? octets.subarray(start, end) : Buffer.concat([held, octets.subarray(start, end)]);
    const parser = this.#trailers!;
    const after = parser.parse(all, 0, all.length);
    if (after === -1) return this.#refuse(parser.fault!);
    if (after === 0) {
      this.#held = Buffer.from(all);
      return end;
    }
    const section = all.toString("latin1", 0, after - 2);
    this.#finish(section === "" ? undefined : Headers.fromText(section));
    return start + after - (held?.length ?? 0);
  }

  #finish(trailers: Headers | undefined): void {
    this.complete = true;
    this.#body.end(trailers);
  }

  #refuse(reason: SyntaxFault): -1 {
    this.fault = reason;
    return -1;
  }
}
