import { STREAM_LIMIT } from "./settings.ts";
import type { Stream } from "./stream.ts";

/** Streams that we have reset and of which the client may not know yet. */
const RESET_REMEMBERED = 256;

/** The streams of a connection: those that are open, and what is known of those that were. RFC 9113 §5.1. */
export class StreamTable {
  readonly #open = new Map<number, Stream>();
  /** What the client sent on these before it knew is nobody's fault. */
  readonly #reset = new Set<number>();
  /** Handlers that are still at work for streams that are gone. */
  orphans = 0;
  /** The highest stream that the client has opened. */
  last = 0;

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  add(stream: Stream): void {
    this.#open.set(stream.id, stream);
  }

  delete(id: number): void {
    this.#open.delete(id);
  }

  [Symbol.iterator](): IterableIterator<Stream> {
    return this.#open.values();
  }

  /** RFC 9113 §5.1.1: a stream that nobody has opened. An even one would be the server's. */
  isIdle(id: number): boolean {
    return id > this.last || id % 2 === 0;
  }

  /** Whether another stream is one too many. A reset does not end the work that was begun for a stream. */
  get isFull(): boolean {
    return this.#open.size >= STREAM_LIMIT || this.orphans >= STREAM_LIMIT;
  }

  /** We have reset a stream. */
  markReset(id: number): void {
    if (this.#reset.size >= RESET_REMEMBERED) for (const oldest of this.#reset) return this.#replace(oldest, id);
    this.#reset.add(id);
  }

  #replace(oldest: number, id: number): void {
    this.#reset.delete(oldest);
    this.#reset.add(id);
  }

  /** Whether we have reset a stream of late. */
  wasReset(id: number): boolean {
    return this.#reset.has(id);
  }
}
