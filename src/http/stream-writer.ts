import type { Content } from "./content.ts";
import { type ContentSource, octetsOf, sourceOf } from "./content-source.ts";
import { Headers } from "./headers.ts";
import type { Trailers } from "./response.ts";

/** Where streamed content goes: frames the pieces and says when it wants no more for now. */
export interface StreamSink {
  /** Whether to wait for {@link StreamWriter.onDrain}. */
  readonly blocked: boolean;
  /** Whether everything that was given is out of this process's hands. */
  readonly isEmpty: boolean;
  /** A piece is awaited: what was gathered may leave meanwhile. */
  flushSoon(): void;
  /** Takes one piece, never empty. It does not change until it is sent. */
  piece(octets: Uint8Array): void;
  /** The content is complete. @param trailers name, value, … */
  finish(trailers: readonly string[]): void;
}

/** Content that did not have the length it was announced with. */
export class LengthMismatchError extends Error {
  constructor(announced: number, actual: number) {
    super(
      `The response announced ${announced} octets of content and has ${actual < announced ? "only " : ""}${actual}`,
    );
    this.name = "LengthMismatchError";
  }
}

/** Writes content piece by piece: takes a piece when the sink has room, and stops when the client is gone. */
export class StreamWriter {
  readonly #sink: StreamSink;
  readonly #source: ContentSource;
  readonly #announced: number;
  readonly #trailers: Trailers | undefined;
  #resume: (() => void) | undefined;
  #aborted = false;

  /** Octets of content written. */
  written = 0;

  /**
   * @param announced the length that the head says, or -1
   * @param trailers gives the trailer section; only where the client takes one
   */
  constructor(sink: StreamSink, content: NonNullable<Content>, announced: number, trailers: Trailers | undefined) {
    this.#sink = sink;
    this.#source = sourceOf(content);
    this.#announced = announced;
    this.#trailers = trailers;
  }

  /**
   * Writes everything.
   *
   * @returns false when it was aborted
   * @throws what the content throws; LengthMismatchError when it is longer or shorter than announced
   */
  async run(): Promise<boolean> {
    const announced = this.#announced;
    for (;;) {
      while (this.#sink.blocked && !this.#aborted) await this.#drained();
      if (this.#aborted) return false;
      if (this.#sink.isEmpty) this.#source.reuse?.();
      const next = this.#source.next();
      this.#sink.flushSoon();
      const { done, value } = await next;
      if (this.#aborted) return false;
      if (done === true) break;
      const octets = octetsOf(value);
      if (announced !== -1 && this.written + octets.length > announced) {
        this.#source.cancel(undefined);
        throw new LengthMismatchError(announced, this.written + octets.length);
      }
      if (octets.length === 0) continue;
      this.written += octets.length;
      this.#sink.piece(octets);
    }
    if (announced !== -1 && this.written < announced) throw new LengthMismatchError(announced, this.written);
    const trailers = this.#trailers === undefined ? undefined : await this.#trailers();
    if (this.#aborted) return false;
    this.#sink.finish(trailers === undefined ? [] : Headers.lines(new Headers(trailers)));
    return true;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => (this.#resume = resolve));
  }

  /** There is room again. */
  onDrain(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** The client is gone: stops the content at its source. */
  abort(reason: unknown): void {
    this.#aborted = true;
    this.#source.cancel(reason);
    this.onDrain();
  }
}
