import type { StreamedContent } from "../http/content.ts";
import { type ContentSource, octetsOf, sourceOf } from "../http/content-source.ts";

interface Node {
  chunk: Uint8Array | undefined;
  next: Node | undefined;
}

/** What a capture tells of its end. */
export interface CaptureEvents {
  /** Takes an account of octets that are about to be held: false when there is no room for them. */
  admit(octets: number): boolean;
  /** All of it has come, or none of it can be kept. */
  done(whole: Uint8Array | undefined): void;
}

/**
 * Streamed content on its way to clients and into the cache: read once, seen by every reader from its beginning.
 *
 * The fastest reader draws it along. What is too long for the cache is let go of behind the readers, and then the slowest
 * sets the pace.
 */
export class Capture {
  readonly #source: ContentSource;
  readonly #events: CaptureEvents;
  /** Octets that were announced, or -1. */
  readonly length: number;
  /** Where readers begin; undefined when what came first is gone. */
  #head: Node | undefined;
  #tail: Node;
  #octets = 0;
  #state: "open" | "ended" | "failed" = "open";
  #error: unknown;
  #readers = 0;
  #pulling: Promise<void> | undefined;
  #waiting = 0;
  #wake: (() => void)[] = [];

  constructor(content: StreamedContent, length: number, events: CaptureEvents) {
    this.#source = sourceOf(content);
    this.#events = events;
    this.length = length;
    this.#tail = { chunk: undefined, next: undefined };
    this.#head = this.#tail;
  }

  /** Whether a new reader would see all of it. */
  get isWhole(): boolean {
    return this.#head !== undefined && this.#state !== "failed";
  }

  /** The content for one more reader. */
  reader(): AsyncIterable<Uint8Array> {
    const from = this.#head;
    if (from === undefined) throw new TypeError("The beginning of this content is gone");
    this.#readers++;
    return new Reader(this, from);
  }

  /** @internal The node after one, when it has come. */
  async after(node: Node): Promise<Node | undefined> {
    while (node.next === undefined) {
      if (this.#state === "failed") throw this.#error;
      if (this.#state === "ended") return undefined;
      this.#waiting++;
      try {
        await this.#advance();
      } finally {
        this.#waiting--;
      }
    }
    return node.next;
  }

  /** @internal A reader goes. */
  leave(): void {
    this.#readers--;
    this.#wakeAll();
    // Somebody may have been told of it and not have begun.
    if (this.#readers === 0) setImmediate(() => this.#readers === 0 && this.#state === "open" && this.#abandon());
  }

  #advance(): Promise<void> {
    if (this.#pulling !== undefined) return this.#pulling;
    // Too long to keep: nobody may run ahead of the others, for whom the pieces would pile up.
    if (this.#head === undefined && this.#waiting < this.#readers) {
      return new Promise((resolve) => this.#wake.push(resolve));
    }
    this.#pulling = this.#next().finally(() => {
      this.#pulling = undefined;
      this.#wakeAll();
    });
    return this.#pulling;
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  async #next(): Promise<void> {
    try {
      const { done, value } = await this.#source.next();
      if (this.#state !== "open") return;
      if (done === true) return this.#end();
      const chunk = octetsOf(value);
      if (chunk.length === 0) return;
      this.#octets += chunk.length;
      if (this.#head !== undefined && !this.#events.admit(chunk.length)) this.#giveUp();
      const node = { chunk, next: undefined };
      this.#tail.next = node;
      this.#tail = node;
    } catch (error) {
      this.#fail(error);
    }
  }

  #end(): void {
    if (this.length >= 0 && this.#octets !== this.length) {
      return this.#fail(new Error(`The content has ${this.#octets} octets where ${this.length} were announced`));
    }
    this.#state = "ended";
    if (this.#head === undefined) return;
    const chunks: Uint8Array[] = [];
    for (let at = this.#head.next; at !== undefined; at = at.next) chunks.push(at.chunk!);
    // Slow: the pool's slabs would outlive what else was cut from them.
    const whole = Buffer.allocUnsafeSlow(this.#octets);
    let offset = 0;
    for (const chunk of chunks) {
      whole.set(chunk, offset);
      offset += chunk.length;
    }
    this.#events.done(whole);
  }

  #giveUp(): void {
    this.#head = undefined;
    this.#events.done(undefined);
  }

  #fail(error: unknown): void {
    this.#state = "failed";
    this.#error = error;
    if (this.#head !== undefined) this.#giveUp();
  }

  #abandon(): void {
    this.#fail(new Error("Nobody reads this content any more"));
    this.#source.cancel(this.#error);
  }
}

class Reader implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #capture: Capture;
  #at: Node | undefined;
  /** As of sized content; undefined when it is not known. */
  readonly length: number | undefined;

  constructor(capture: Capture, from: Node) {
    this.#capture = capture;
    this.length = capture.length < 0 ? undefined : capture.length;
    this.#at = from;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const at = this.#at;
    if (at === undefined) return { done: true, value: undefined };
    try {
      const node = await this.#capture.after(at);
      if (this.#at === undefined) return { done: true, value: undefined };
      this.#at = node;
      if (node !== undefined) return { done: false, value: node.chunk! };
    } catch (error) {
      // Who has left wants neither pieces nor errors.
      if (this.#at === undefined) return { done: true, value: undefined };
      this.close();
      throw error;
    }
    this.#capture.leave();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.close();
    return { done: true, value: undefined };
  }

  /** Nobody will read it. */
  close(): void {
    if (this.#at === undefined) return;
    this.#at = undefined;
    this.#capture.leave();
  }
}
