import { connectionFault, ENHANCE_YOUR_CALM, type Fault, FLOW_CONTROL_ERROR } from "./errors.ts";
import { COMPRESSION_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED, streamFault } from "./errors.ts";
import { FieldBlock } from "./field-block.ts";
import { Floods } from "./floods.ts";
import { ReceiveWindow, WINDOW_LIMIT } from "./flow.ts";
import { DEPENDS_ON_ITSELF, type FrameHandler } from "./frame-reader.ts";
import { FuturePriorities } from "./future-priorities.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { parsePriority } from "./priority.ts";
import { RequestCache } from "./request-cache.ts";
import { RequestHead, type RequestText } from "./request-head.ts";
import { CONNECTION_WINDOW, PeerSettings } from "./settings.ts";
import { Stream } from "./stream.ts";
import type { StreamOwner } from "./stream-owner.ts";
import type { StreamTable } from "./stream-table.ts";
import { TrailerSection } from "./trailer-section.ts";

const EVEN = connectionFault(PROTOCOL_ERROR, "A client's stream has an odd number");
const IDLE = connectionFault(PROTOCOL_ERROR, "A frame came on a stream that nobody has opened");
const ENDED = connectionFault(STREAM_CLOSED, "A frame came on a stream that is closed");
const HALF_CLOSED = streamFault(STREAM_CLOSED, "A frame came on a stream that the client had ended");
const NO_END = streamFault(PROTOCOL_ERROR, "A second field section does not end its stream");
const MALFORMED = streamFault(PROTOCOL_ERROR, "The request is malformed");
const NOT_HPACK = connectionFault(COMPRESSION_ERROR, "A field block cannot be decoded");
const REFUSED = streamFault(REFUSED_STREAM, "There are more streams than allowed");
const NO_INCREMENT = streamFault(PROTOCOL_ERROR, "A window is changed by nothing");
const NO_CONNECTION_INCREMENT = connectionFault(PROTOCOL_ERROR, "The connection's window is changed by nothing");
const WIDE_STREAM = streamFault(FLOW_CONTROL_ERROR, "A stream's window has become too large");
const WIDE_CONNECTION = connectionFault(FLOW_CONTROL_ERROR, "The connection's window has become too large");
const OVERFLOW = connectionFault(FLOW_CONTROL_ERROR, "More content came than the window allows");
const MANY_SETTINGS = connectionFault(ENHANCE_YOUR_CALM, "Too many SETTINGS");
const MANY_PINGS = connectionFault(ENHANCE_YOUR_CALM, "Too many PINGs");
const MANY_PRIORITIES = connectionFault(ENHANCE_YOUR_CALM, "Too many priorities");
const MANY_EMPTY = connectionFault(ENHANCE_YOUR_CALM, "Too many frames without content");
const MANY_WINDOWS = connectionFault(ENHANCE_YOUR_CALM, "Too many changes of windows");
const MANY_UNKNOWN = connectionFault(ENHANCE_YOUR_CALM, "Too many frames of unknown types");
const MANY_WASTED = connectionFault(
  ENHANCE_YOUR_CALM,
  "Too many header sections were beyond the limits or for nothing",
);
const MANY_RESETS = connectionFault(ENHANCE_YOUR_CALM, "Too many streams were reset");

/** Content of whole responses that waits, above which no more than so many streams are taken: each may add to it. */
const HEAVY: number = 64 * 1024 * 1024;
const HEAVY_STREAMS = 16;

type Result = Fault | undefined;

/** The session, as what it receives is applied to it. */
export interface ReceiverOwner extends StreamOwner {
  readonly isSecure: boolean;
  /** Whether no more requests are taken. */
  readonly isClosing: boolean;
  /** The other end has changed its settings. */
  onPeerSettings(settings: PeerSettings): void;
  onSettingsAcknowledged(): void;
  onPing(payload: string, isAck: boolean): void;
  /** The other end will open no more streams. */
  onGoaway(): void;
  /** A request is about to be answered. */
  onRequest(stream: Stream): void;
}

/** What the frames of a client do to its streams: the receiving half of a session. RFC 9113 §5, §6, §8. */
export class Receiver implements FrameHandler {
  readonly #owner: ReceiverOwner;
  readonly #streams: StreamTable;
  readonly #decoder = new HpackDecoder();
  readonly #cache = new RequestCache();
  readonly #settings = new PeerSettings();
  readonly #floods = new Floods();
  readonly #window = new ReceiveWindow(CONNECTION_WINDOW);
  #block: FieldBlock | undefined;
  /** The stream that the DATA frame at hand belongs to; undefined when it is dropped. */
  #stream: Stream | undefined;
  #ends = false;
  /** Frames of content that were sent when a window was changed the last time. */
  #framesSeen = 0;
  #future: FuturePriorities | undefined;

  constructor(owner: ReceiverOwner, streams: StreamTable) {
    this.#owner = owner;
    this.#streams = streams;
  }

  get #now(): number {
    return this.#owner.server.watchdog.now;
  }

  // ---- requests and trailers

  onHeaders(
    id: number,
    octets: Buffer,
    start: number,
    end: number,
    isWhole: boolean,
    ends: boolean,
    dependsOnItself: boolean,
  ): Result {
    if (isWhole) return this.#section(id, octets, start, end, ends, dependsOnItself);
    this.#block = new FieldBlock(id, ends, octets.subarray(start, end));
    return undefined;
  }

  onContinuation(octets: Buffer, start: number, end: number, isWhole: boolean): Result {
    const block = this.#block!;
    const fault = block.add(octets.subarray(start, end));
    if (fault !== undefined || !isWhole) return fault;
    this.#block = undefined;
    const all = block.octets;
    return this.#section(block.stream, all, 0, all.length, block.endsStream, false);
  }

  #section(id: number, octets: Buffer, start: number, end: number, ends: boolean, dependsOnItself: boolean): Result {
    // RFC 9113 §5.1.1.
    if (id % 2 === 0) return EVEN;
    if (id <= this.#streams.last) return this.#laterSection(id, octets, start, end, ends);
    this.#streams.last = id;
    const { generation } = this.#decoder;
    let text = this.#cache.find(octets, start, end, generation);
    if (text === undefined) {
      const head = new RequestHead(this.#owner.server.limits, this.#owner.isSecure);
      if (!this.#decoder.decode(octets, start, end, head)) return NOT_HPACK;
      text = head.finish();
      // RFC 9113 §8.1.1.
      if (text === undefined) return MALFORMED;
      if (generation === this.#decoder.generation && text.refused === undefined) {
        this.#cache.put(octets, start, end, generation, text);
      }
    }
    // RFC 9113 §8.1.1: content that was announced and does not come.
    if (ends && text.contentLength > 0) return MALFORMED;
    if (dependsOnItself) return DEPENDS_ON_ITSELF;
    if (text.refused?.status === 431 && !this.#floods.wasted.spend(this.#now)) return MANY_WASTED;
    return this.#open(id, text, ends);
  }

  #open(id: number, text: RequestText, ends: boolean): Result {
    const owner = this.#owner;
    // RFC 9113 §5.1.2, §6.8: what is refused was not begun, and may be sent again elsewhere.
    const isHeavy = owner.sender.whole > HEAVY && this.#streams.size >= HEAVY_STREAMS;
    if (this.#streams.isFull || isHeavy || owner.isClosing) return REFUSED;
    const stream = new Stream(owner, id, text, this.#settings.initialWindow, ends);
    if (this.#future !== undefined) this.#takeFuture(stream);
    owner.onRequest(stream);
    this.#floods.priorities.earn(8);
    stream.ask();
    // Most are answered as they are read, and never stand in the table.
    if (stream.stage !== "over") this.#streams.add(stream);
    return undefined;
  }

  /** A section on a stream that was opened before: trailers, or a mistake. */
  #laterSection(id: number, octets: Buffer, start: number, end: number, ends: boolean): Result {
    const trailers = new TrailerSection(this.#owner.server.limits);
    // RFC 9113 §4.3: decoded whatever becomes of it, since the table has to follow.
    if (!this.#decoder.decode(octets, start, end, trailers)) return NOT_HPACK;
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (!this.#streams.wasReset(id)) return ENDED;
      return this.#floods.wasted.spend(this.#now) ? undefined : MANY_WASTED;
    }
    if (stream.state === "halfClosedRemote") return HALF_CLOSED;
    // RFC 9113 §8.1.
    if (!ends) return NO_END;
    return stream.receiveEnd(trailers);
  }

  // ---- content

  onDataFrame(id: number, length: number, padding: number, ends: boolean): Result {
    this.#stream = undefined;
    this.#ends = ends;
    // RFC 9113 §6.9: all of a frame counts, also where the stream is gone.
    if (!this.#window.take(length)) return OVERFLOW;
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.state === "halfClosedRemote") {
      this.release(length);
      if (stream !== undefined) return HALF_CLOSED;
      if (this.#streams.isIdle(id)) return IDLE;
      return this.#streams.wasReset(id) ? undefined : ENDED;
    }
    if (length === padding && !ends && !this.#floods.empty.spend(this.#now)) return MANY_EMPTY;
    if (!stream.content!.takeRoom(length, padding)) return OVERFLOW;
    this.#stream = stream;
    return undefined;
  }

  onContent(octets: Buffer, start: number, end: number): Result {
    const stream = this.#stream;
    if (stream === undefined) return undefined;
    if (stream.state !== "closed") return stream.receive(octets, start, end);
    // It was reset in the middle of a frame that counts as a whole.
    this.release(end - start);
    return undefined;
  }

  onDataEnd(): Result {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined || stream.state === "closed" || !this.#ends) return undefined;
    return stream.receiveEnd(undefined);
  }

  /** Whether the client may send content. */
  get hasRoom(): boolean {
    return this.#window.isOpen;
  }

  /** Octets of content are not held any longer. RFC 9113 §6.9.1 */
  release(octets: number): void {
    this.#window.release(octets);
    // What is missing may be held by who does not read: all others would wait for it.
    const room = this.#window.update(this.#window.isScarce);
    if (room > 0) this.#owner.widen(0, room);
  }

  // ---- streams

  onReset(id: number): Result {
    if (this.#streams.isIdle(id)) return IDLE;
    const stream = this.#streams.get(id);
    if (!this.#floods.resets.spend(this.#now)) return MANY_RESETS;
    stream?.abort();
    return undefined;
  }

  /** We have reset a stream. @returns whether that was once too often */
  countReset(): Result {
    return this.#floods.resets.spend(this.#now) ? undefined : MANY_RESETS;
  }

  onWindowUpdate(id: number, increment: number): Result {
    const { sender } = this.#owner;
    // Content that was sent is answered with room for more.
    this.#floods.windows.earn((sender.frames - this.#framesSeen) * 4);
    this.#framesSeen = sender.frames;
    if (!this.#floods.windows.spend(this.#now)) return MANY_WINDOWS;
    if (id === 0) {
      // RFC 9113 §6.9, §6.9.1.
      if (increment === 0) return NO_CONNECTION_INCREMENT;
      if (sender.window + increment > WINDOW_LIMIT) return WIDE_CONNECTION;
      sender.window += increment;
      return undefined;
    }
    if (this.#streams.isIdle(id)) return IDLE;
    if (increment === 0) return NO_INCREMENT;
    const stream = this.#streams.get(id);
    if (stream === undefined) return undefined;
    if (stream.window + increment > WINDOW_LIMIT) return WIDE_STREAM;
    stream.window += increment;
    stream.output?.widen();
    return undefined;
  }

  onPriority(): Result {
    return this.#floods.priorities.spend(this.#now) ? undefined : MANY_PRIORITIES;
  }

  /** RFC 9218 §7.1. */
  onPriorityUpdate(id: number, value: string): Result {
    if (!this.#floods.priorities.spend(this.#now)) return MANY_PRIORITIES;
    if (id % 2 === 0) return EVEN;
    const stream = this.#streams.get(id);
    if (stream !== undefined) stream.prioritise(parsePriority(value));
    else if (id > this.#streams.last) {
      this.#future ??= new FuturePriorities();
      this.#future.set(id, parsePriority(value));
    }
    return undefined;
  }

  #takeFuture(stream: Stream): void {
    const future = this.#future!;
    const priority = future.take(stream.id);
    if (priority !== undefined) stream.prioritise(priority);
    if (future.isEmpty) this.#future = undefined;
  }

  // ---- the connection

  onSettings(octets: Buffer, start: number, end: number): Result {
    if (!this.#floods.settings.spend(this.#now)) return MANY_SETTINGS;
    const before = this.#settings.initialWindow;
    const fault = this.#settings.read(octets, start, end);
    if (fault !== undefined) return fault;
    // RFC 9113 §6.9.2: what is open changes by the difference, and may come below nothing.
    const difference = this.#settings.initialWindow - before;
    if (difference !== 0) {
      for (const stream of this.#streams) {
        if (stream.window + difference > WINDOW_LIMIT) return WIDE_CONNECTION;
        stream.window += difference;
        stream.output?.widen();
      }
    }
    this.#owner.onPeerSettings(this.#settings);
    return undefined;
  }

  onSettingsAck(): Result {
    this.#owner.onSettingsAcknowledged();
    return undefined;
  }

  onPing(octets: Buffer, at: number, isAck: boolean): Result {
    if (!isAck && !this.#floods.pings.spend(this.#now)) return MANY_PINGS;
    this.#owner.onPing(octets.toString("latin1", at, at + 8), isAck);
    return undefined;
  }

  onGoaway(): Result {
    this.#owner.onGoaway();
    return undefined;
  }

  onUnknown(): Result {
    return this.#floods.unknown.spend(this.#now) ? undefined : MANY_UNKNOWN;
  }
}
