import { isPromise } from "../base/maybe-promise.ts";
import { type Content, isStreamed, type SizedContent } from "./content.ts";

/** Content for one reader, whatever it is: it can be told to stop, also while a piece is waited for. */
export interface ContentSource {
  next(): Promise<IteratorResult<Uint8Array | string>>;
  reuse?: (() => void) | undefined;
  /** Stops the content where it comes from. Never throws. */
  cancel(reason?: unknown): void;
}

/** Begins to read content; what is there as a whole is one piece. */
export function sourceOf(content: NonNullable<Content>): ContentSource {
  if (content instanceof ReadableStream) {
    const reader = content.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    return {
      next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
      cancel: (reason) => void reader.cancel(reason).catch(() => {}),
    };
  }
  const iterator = isStreamed(content) ? content[Symbol.asyncIterator]() : onePiece(content);
  return {
    next: () => iterator.next(),
    reuse: (content as SizedContent).reuse?.bind(content),
    cancel() {
      try {
        const ended = iterator.return?.();
        if (ended !== undefined && isPromise(ended)) ended.catch(() => {});
      } catch {
        // A producer that fails while it is told to stop has stopped.
      }
    },
  };
}

async function* onePiece(content: Uint8Array | string): AsyncGenerator<Uint8Array | string> {
  yield content;
}

/** A piece of streamed content as octets. @throws TypeError when it is neither text nor octets */
export function octetsOf(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (typeof piece === "string") return Buffer.from(piece, "utf8");
  throw new TypeError(`Streamed content is made of text and Uint8Array, got ${typeof piece}`);
}
