import { randomUUID } from "node:crypto";
import { type ByteRange, formatContentRange } from "../../fields/range.ts";
import type { Content, SizedContent } from "../../http/content.ts";

/** Content made of several contents whose lengths are known. */
class JoinedContent implements SizedContent {
  readonly length: number;
  readonly #pieces: readonly (Uint8Array | SizedContent)[];

  constructor(pieces: readonly (Uint8Array | SizedContent)[]) {
    this.#pieces = pieces;
    this.length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (const piece of this.#pieces) {
        if (piece instanceof Uint8Array) yield piece;
        else yield* piece;
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    for (const piece of this.#pieces) if (!(piece instanceof Uint8Array)) piece.close?.();
  }
}

/**
 * Several ranges of one representation as `multipart/byteranges`. RFC 9110 §14.6: the delimiter with the two dashes
 * comes once, after the last part.
 *
 * @param type the media type of the representation
 * @param part gives the octets of a range
 */
export function byteranges(
  ranges: readonly ByteRange[],
  size: number,
  type: string,
  part: (range: ByteRange) => Content,
): { readonly type: string; readonly content: Content } {
  const boundary = randomUUID();
  const pieces: (Uint8Array | SizedContent)[] = [];
  for (const [index, range] of ranges.entries()) {
    const delimiter = `${index === 0 ? "" : "\r\n"}--${boundary}\r\n`;
    const fields = `content-type: ${type}\r\ncontent-range: ${formatContentRange(range, size)}\r\n\r\n`;
    pieces.push(Buffer.from(delimiter + fields, "latin1"), part(range) as Uint8Array | SizedContent);
  }
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`, "latin1"));
  return { type: `multipart/byteranges; boundary=${boundary}`, content: new JoinedContent(pieces) };
}
