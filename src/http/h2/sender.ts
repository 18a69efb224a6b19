import type { Connection } from "../../transport/connection.ts";
import { Output } from "../output.ts";
import { DEFAULT_WINDOW } from "./flow.ts";
import { DATA, END_STREAM, frameHead, headersFrames } from "./frame.ts";
import { PriorityQueue } from "./priority.ts";
import type { ResponseSections } from "./response-section.ts";
import type { StreamOutput } from "./stream-output.ts";

/** Streamed content that waits for the client: above it no more is made, as long as some of it can be sent. */
const WAITING_LIMIT: number = 256 * 1024;

/** The same when none of it can: streams that the client does not let go on must not stop the others at once. */
const STALLED_LIMIT: number = 1024 * 1024;

/**
 * Content that is sent in one go, before others of this process get their turn: to a client whose system holds it up, and at
 * most. What waits in the connection is passed by nothing more urgent, so it is no more than such a client takes soon.
 */
const BATCH: number = 256 * 1024;
const LARGEST_BATCH: number = 1024 * 1024;

/**
 * Octets on their way to a client that does not read, above which nothing more is read from it. What it has asked for
 * before waits in its streams, which are counted: one read may bring thousands of requests.
 */
const BACKLOG: number = 256 * 1024;

/**
 * Sends the content of all streams of a connection: frame by frame, the most urgent first, as far as the windows and the
 * connection let it. What a batch of frames gives leaves in one write.
 */
export class Sender {
  readonly output: Output;
  readonly sections: ResponseSections;
  readonly #connection: Connection;
  readonly #onPumped: () => void;
  readonly #queue = new PriorityQueue<StreamOutput>();
  /** Streams whose next piece is held back while too much waits. */
  readonly #held = new Set<StreamOutput>();
  #scheduled = false;
  #batch = BATCH;
  /** Octets of content that the client still takes on the connection. RFC 9113 §6.9.1 */
  window: number = DEFAULT_WINDOW;
  /** Octets of streamed content that wait, and of content that was there as a whole. */
  waiting = 0;
  whole = 0;
  /** Frames of content that were sent. */
  frames = 0;
  /** Octets of content that were sent: progress. */
  sent = 0;

  /** @param onPumped called when something was sent outside of a batch: what the connection waits for may be another */
  constructor(connection: Connection, sections: ResponseSections, onPumped: () => void) {
    this.#connection = connection;
    this.#onPumped = onPumped;
    this.output = new Output(connection);
    this.sections = sections;
  }

  /** Whether `output` has to wait before it makes more: it is told when it need not. */
  holdsBack(output: StreamOutput): boolean {
    if (this.#hasRoom) return false;
    this.#held.add(output);
    return true;
  }

  get #hasRoom(): boolean {
    return this.waiting < (this.#queue.length > 0 ? WAITING_LIMIT : STALLED_LIMIT);
  }

  /** Whether there is content that only the connection's window holds back. */
  get isStalled(): boolean {
    return this.window <= 0 && this.#queue.length > 0;
  }

  /** Whether the client does not take what is sent. */
  get isBehind(): boolean {
    return this.output.blocked && this.#connection.unsent > BACKLOG;
  }

  /**
   * Two counts, each of which only grows: what the system takes where that holds us up, what the windows let through
   * where they do. Their steps are added up, since which of them holds us up changes.
   *
   * @param isDone whether all has been sent that will be
   */
  progress(isDone: boolean): number {
    const { output, sent } = this;
    const { taken } = output;
    this.#moved += output.blocked || isDone ? taken - this.#takenSeen : sent - this.#sentSeen;
    this.#takenSeen = taken;
    this.#sentSeen = sent;
    return this.#moved;
  }
  #moved = 0;
  #takenSeen = 0;
  #sentSeen = 0;

  /** A header section, or that of an interim response. */
  headers(stream: number, block: string, ends: boolean): void {
    this.output.text(headersFrames(stream, block, ends ? END_STREAM : 0));
  }

  /** A whole response that the windows have room for. @param content latin1, not longer than a frame */
  wholeResponse(stream: number, block: string, content: string): void {
    const octets = content.length;
    this.window -= octets;
    this.sent += octets;
    this.frames++;
    this.output.text(headersFrames(stream, block, 0) + frameHead(octets, DATA, END_STREAM, stream) + content);
  }

  enqueue(output: StreamOutput): void {
    this.#queue.add(output);
    this.pumpSoon();
  }

  dequeue(output: StreamOutput): void {
    this.#queue.remove(output);
    this.#held.delete(output);
  }

  /** Sends before the event loop waits again: what several streams give in one turn leaves together. */
  pumpSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.pump();
      this.#onPumped();
    });
  }

  /** Sends what may be sent. */
  pump(): void {
    const { output } = this;
    if (this.#queue.length > 0 && this.window > 0 && !output.blocked) this.#pumpContent();
    if (this.#held.size > 0) this.#wake();
    output.flush();
  }

  #pumpContent(): void {
    const queue = this.#queue;
    const { output } = this;
    this.#connection.cork();
    let left = this.#batch;
    // More than the connection asks for at once: each write costs as much as 100 KiB of its content.
    while (left > 0 && this.window > 0) {
      const next = queue.first();
      if (next === undefined) break;
      const octets = next.send(this.window);
      this.window -= octets;
      this.sent += octets;
      this.frames++;
      left -= octets;
      if (next.queued) queue.yield(next);
      else next.roomAgain();
    }
    output.flush();
    this.#connection.uncork();
    if (left > 0) return;
    // What is taken as a whole was too little.
    this.#batch = this.#connection.unsent === 0 ? Math.min(this.#batch * 2, LARGEST_BATCH) : BATCH;
    if (queue.length > 0) this.pumpSoon();
  }

  #wake(): void {
    for (const held of this.#held) {
      if (!this.#hasRoom) return;
      this.#held.delete(held);
      held.roomAgain();
    }
  }
}
