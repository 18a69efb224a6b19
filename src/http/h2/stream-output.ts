import { latin1OfOctets } from "../latin1.ts";
import type { StreamSink } from "../stream-writer.ts";
import { DATA, END_STREAM, FRAME_LIMIT, frameHead, headersFrames } from "./frame.ts";
import type { Prioritised, Priority } from "./priority.ts";
import type { Sender } from "./sender.ts";

/** Octets up to which copying them behind their frame's head is cheaper than a second piece in the same write. */
const SMALL = 4 * 1024;

/** The stream, as its output sees it. */
export interface OutputStream {
  readonly id: number;
  priority: Priority;
  /** Octets that the client still takes on this stream. */
  window: number;
  /** Everything has been sent, END_STREAM and all. */
  onSent(): void;
  /** Whether the client lets it go on may have changed. */
  rephase(): void;
}

/** The content of one stream on its way out, as far as the client lets it. */
export class StreamOutput implements StreamSink, Prioritised {
  readonly #stream: OutputStream;
  readonly #sender: Sender;
  readonly #pieces: Uint8Array[] = [];
  /** Octets of the first piece that are sent. */
  #offset = 0;
  #waiting = 0;
  #finished = false;
  #isWhole = false;
  #trailers: readonly string[] = [];
  queued = false;
  /** Octets of content that were sent. */
  sent = 0;
  /** Called when there is room for another piece. */
  onRoom: (() => void) | undefined;

  constructor(stream: OutputStream, sender: Sender) {
    this.#stream = stream;
    this.#sender = sender;
  }

  get priority(): Priority {
    return this.#stream.priority;
  }

  /** One piece at a time: what waits here is memory that the client decides about. */
  get blocked(): boolean {
    return this.#waiting > 0 || this.#sender.holdsBack(this);
  }

  get isEmpty(): boolean {
    return this.#waiting === 0 && this.#sender.output.isEmpty;
  }

  /** Whether the client has not taken what there is. */
  get isStalled(): boolean {
    return this.#waiting > 0 && this.#stream.window <= 0;
  }

  flushSoon(): void {
    this.#sender.pumpSoon();
  }

  piece(octets: Uint8Array): void {
    this.#pieces.push(octets);
    this.#waiting += octets.length;
    this.#sender.waiting += octets.length;
    this.#offer();
  }

  /** All the content at once: it is there already, and does not hold back what others make. */
  whole(octets: Uint8Array): void {
    this.#isWhole = true;
    this.#finished = true;
    this.#pieces.push(octets);
    this.#waiting = octets.length;
    this.#sender.whole += octets.length;
    this.#offer();
  }

  finish(trailers: readonly string[]): void {
    this.#finished = true;
    this.#trailers = trailers;
    if (this.#waiting === 0) this.#end();
  }

  /** The window has room again, or there is something to send. */
  #offer(): void {
    if (this.#waiting > 0 && this.#stream.window > 0) this.#sender.enqueue(this);
    else {
      // RFC 9113 §6.9.2: SETTINGS can take a window away, also from who stands in the queue. Who has nothing to send yet may
      // be held back, and is still to be told when there is room.
      if (this.#waiting > 0) this.#sender.dequeue(this);
      this.#stream.rephase();
    }
  }

  /** The client has given the stream more room, or by SETTINGS less. */
  widen(): void {
    this.#offer();
  }

  /** Sends one frame. @param room octets that the connection has left @returns octets of content */
  send(room: number): number {
    const piece = this.#pieces[0]!;
    const left = piece.length - this.#offset;
    const octets = Math.min(left, FRAME_LIMIT, room, this.#stream.window);
    const isLast = this.#finished && octets === this.#waiting && this.#trailers.length === 0;
    const { output } = this.#sender;
    output.text(frameHead(octets, DATA, isLast ? END_STREAM : 0, this.#stream.id));
    const part = octets === piece.length ? piece : piece.subarray(this.#offset, this.#offset + octets);
    if (octets <= SMALL) output.text(latin1OfOctets(part));
    else output.octets(part);
    this.#stream.window -= octets;
    this.sent += octets;
    this.#settle(octets);
    if (octets < left) this.#offset += octets;
    else {
      this.#offset = 0;
      this.#pieces.shift();
    }
    if (this.#waiting === 0 || this.#stream.window <= 0) this.#sender.dequeue(this);
    if (this.#waiting > 0) {
      if (this.#stream.window <= 0) this.#stream.rephase();
    } else if (isLast) this.#stream.onSent();
    else if (this.#finished) this.#end();
    return octets;
  }

  /** Ends the stream with an empty frame, or with the trailer section. */
  #end(): void {
    const { id } = this.#stream;
    const { output, sections } = this.#sender;
    // Encoded when it is sent: what is encoded goes into a table, in the order in which it is read.
    if (this.#trailers.length === 0) output.text(frameHead(0, DATA, END_STREAM, id));
    else output.text(headersFrames(id, sections.trailers(this.#trailers), END_STREAM));
    this.#stream.onSent();
    this.#sender.pumpSoon();
  }

  /** It is its turn no longer, or there is room for all: the next piece may come when the last one is sent. */
  roomAgain(): void {
    if (this.#waiting === 0) this.onRoom?.();
  }

  /** Nothing more is sent. */
  abandon(): void {
    this.#sender.dequeue(this);
    this.#settle(this.#waiting);
    this.#pieces.length = 0;
    this.onRoom = undefined;
    this.#sender.pumpSoon();
  }

  #settle(octets: number): void {
    this.#waiting -= octets;
    if (this.#isWhole) this.#sender.whole -= octets;
    else this.#sender.waiting -= octets;
  }
}
