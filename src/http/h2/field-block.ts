import { connectionFault, ENHANCE_YOUR_CALM, type Fault } from "./errors.ts";

/** CONTINUATION frames of one block, and octets of it before they are decoded. CVE-2024-27316. */
const FRAMES = 8;
const OCTETS: number = 32 * 1024;

const MANY_FRAMES = connectionFault(ENHANCE_YOUR_CALM, "A field block has too many CONTINUATION frames");
const LONG_BLOCK = connectionFault(ENHANCE_YOUR_CALM, "A field block is too long");

/** The pieces of a field block whose HEADERS frame did not hold all of it. RFC 9113 §4.3. */
export class FieldBlock {
  readonly stream: number;
  readonly endsStream: boolean;
  readonly #pieces: Buffer[];
  #length: number;

  /** @param first borrowed */
  constructor(stream: number, endsStream: boolean, first: Buffer) {
    this.stream = stream;
    this.endsStream = endsStream;
    this.#pieces = [Buffer.from(first)];
    this.#length = first.length;
  }

  /** @param piece borrowed */
  add(piece: Buffer): Fault | undefined {
    this.#pieces.push(Buffer.from(piece));
    this.#length += piece.length;
    if (this.#pieces.length > FRAMES + 1) return MANY_FRAMES;
    return this.#length > OCTETS ? LONG_BLOCK : undefined;
  }

  /** All of it. */
  get octets(): Buffer {
    return Buffer.concat(this.#pieces, this.#length);
  }
}
