import { connectionFault, type Fault, FRAME_SIZE_ERROR, PROTOCOL_ERROR, streamFault } from "./errors.ts";
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  FRAME_HEAD,
  FRAME_LIMIT,
  GOAWAY,
  HAS_PRIORITY,
  HEADERS,
  PADDED,
  PING,
  PRIORITY,
  PRIORITY_UPDATE,
  PUSH_PROMISE,
  read31,
  read32,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from "./frame.ts";

const TOO_LONG = connectionFault(FRAME_SIZE_ERROR, "A frame is longer than SETTINGS_MAX_FRAME_SIZE");
const BAD_LENGTH = connectionFault(FRAME_SIZE_ERROR, "A frame has a length that its type cannot have");
const BAD_PRIORITY_LENGTH = streamFault(FRAME_SIZE_ERROR, "A PRIORITY frame has not 5 octets");
const NEEDS_STREAM = connectionFault(PROTOCOL_ERROR, "A frame that belongs to a stream came without one");
const HAS_STREAM = connectionFault(PROTOCOL_ERROR, "A frame that belongs to the connection came on a stream");
const BAD_PADDING = connectionFault(PROTOCOL_ERROR, "A frame has more padding than payload");
const PUSHED = connectionFault(PROTOCOL_ERROR, "A client cannot push");
const INTERRUPTED = connectionFault(PROTOCOL_ERROR, "A field block was interrupted by another frame");
const NO_BLOCK = connectionFault(PROTOCOL_ERROR, "A CONTINUATION frame continues nothing");
const NOT_SETTINGS = connectionFault(PROTOCOL_ERROR, "The first frame is not SETTINGS");
/** RFC 7540 §5.3.1; what else RFC 7540 said of priority is gone. RFC 9113 §5.3.2. */
export const DEPENDS_ON_ITSELF: Fault = streamFault(PROTOCOL_ERROR, "A stream depends on itself");

/** Who is told what the frames say. Octets are borrowed. Each may find a fault. */
export interface FrameHandler {
  /** A field block begins. @param last whether it is whole and whether the stream ends with it */
  onHeaders(
    stream: number,
    octets: Buffer,
    start: number,
    end: number,
    isWhole: boolean,
    ends: boolean,
    dependsOnItself: boolean,
  ): Result;
  /** More of the field block that has begun. */
  onContinuation(octets: Buffer, start: number, end: number, isWhole: boolean): Result;
  /** A DATA frame begins. @param length octets that count in the window, padding and all */
  onDataFrame(stream: number, length: number, padding: number, ends: boolean): Result;
  /** Content of the DATA frame that has begun. */
  onContent(octets: Buffer, start: number, end: number): Result;
  /** All content of the DATA frame that has begun has come. */
  onDataEnd(): Result;
  onReset(stream: number, code: number): Result;
  onSettings(octets: Buffer, start: number, end: number): Result;
  onSettingsAck(): Result;
  onPing(octets: Buffer, at: number, isAck: boolean): Result;
  onGoaway(code: number): Result;
  onWindowUpdate(stream: number, increment: number): Result;
  /** PRIORITY, which says nothing any more. RFC 9113 §5.3.2. */
  onPriority(stream: number): Result;
  onPriorityUpdate(stream: number, value: string): Result;
  onUnknown(): Result;
}

type Result = Fault | undefined;

/**
 * Cuts what comes into frames and finds whether each is one that may stand where it does. RFC 9113 §4, §6.
 *
 * Content of DATA is passed on as it comes; every other frame has to be there as a whole, and has 16 KiB at most.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** Of the DATA frame at hand: content, and padding behind it, that are still to come. */
  #content = 0;
  #padding = 0;
  /** The stream whose field block is not whole yet, or 0. */
  #block = 0;
  #isFirst = true;

  /** The stream that the frame at hand is about: where a fault of stream scope belongs. */
  stream = 0;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** The stream whose field block has begun and is not whole, or 0. */
  get block(): number {
    return this.#block;
  }

  /** Whether the content of a DATA frame is awaited. */
  get inData(): boolean {
    return this.#content > 0 || this.#padding > 0;
  }

  /** Whether SETTINGS, the first frame, has come. */
  get hasBegun(): boolean {
    return !this.#isFirst;
  }

  /** Reads one frame, or as much of a DATA frame as there is. @returns where it ended; `start` when it is not all there */
  next(octets: Buffer, start: number, fault: { found: Fault | undefined }): number {
    if (this.inData) return this.#data(octets, start, fault);
    const at = start + FRAME_HEAD;
    if (at > octets.length) return start;
    const length = (octets[start]! << 16) | (octets[start + 1]! << 8) | octets[start + 2]!;
    const type = octets[start + 3]!;
    const flags = octets[start + 4]!;
    this.stream = read31(octets, start + 5);
    if (length > FRAME_LIMIT) {
      fault.found = TOO_LONG;
      return start;
    }
    if (this.#isFirst) {
      // RFC 9113 §3.4.
      if (type !== SETTINGS || (flags & ACK) !== 0) {
        fault.found = NOT_SETTINGS;
        return start;
      }
    }
    // RFC 9113 §6.10: nothing may come between the frames of a field block.
    if (this.#block !== 0 && (type !== CONTINUATION || this.stream !== this.#block)) {
      fault.found = INTERRUPTED;
      return start;
    }
    if (type === DATA) {
      const needed = (flags & PADDED) === 0 ? 0 : 1;
      if (length >= needed && at + needed > octets.length) return start;
      fault.found = this.#beginData(octets, at, length, flags);
      // What comes on a stream that is gone is read and dropped.
      if (fault.found !== undefined) return at + needed;
      return this.#data(octets, at + needed, fault);
    }
    if (at + length > octets.length) return start;
    fault.found = this.#whole(type, flags, octets, at, at + length);
    return at + length;
  }

  /** RFC 9113 §6.1. */
  #beginData(octets: Buffer, at: number, length: number, flags: number): Result {
    if (this.stream === 0) return NEEDS_STREAM;
    let padding = 0;
    let content = length;
    if ((flags & PADDED) !== 0) {
      if (length === 0) return BAD_LENGTH;
      padding = octets[at]!;
      content = length - 1 - padding;
      if (content < 0) return BAD_PADDING;
    }
    const fault = this.#handler.onDataFrame(this.stream, length, length - content, (flags & END_STREAM) !== 0);
    this.#content = content;
    this.#padding = padding;
    // A reset stream's frame is read all the same.
    return fault ?? (this.inData ? undefined : this.#handler.onDataEnd());
  }

  #data(octets: Buffer, start: number, fault: { found: Fault | undefined }): number {
    let at = start;
    if (this.#content > 0) {
      const end = Math.min(octets.length, at + this.#content);
      if (end === at) return at;
      this.#content -= end - at;
      fault.found = this.#handler.onContent(octets, at, end);
      at = end;
      if (this.#content > 0) return at;
    }
    const end = Math.min(octets.length, at + this.#padding);
    this.#padding -= end - at;
    if (start !== end && this.#padding === 0) fault.found ??= this.#handler.onDataEnd();
    return end;
  }

  #whole(type: number, flags: number, octets: Buffer, start: number, end: number): Result {
    const handler = this.#handler;
    const length = end - start;
    const { stream } = this;
    switch (type) {
      case HEADERS:
        return this.#headers(flags, octets, start, end);
      case CONTINUATION: {
        if (this.#block === 0) return NO_BLOCK;
        const isWhole = (flags & END_HEADERS) !== 0;
        if (isWhole) this.#block = 0;
        return handler.onContinuation(octets, start, end, isWhole);
      }
      case PRIORITY:
        // RFC 9113 §6.3.
        if (stream === 0) return NEEDS_STREAM;
        if (length !== 5) return BAD_PRIORITY_LENGTH;
        if (read31(octets, start) === stream) return DEPENDS_ON_ITSELF;
        return handler.onPriority(stream);
      case RST_STREAM:
        // RFC 9113 §6.4.
        if (stream === 0) return NEEDS_STREAM;
        return length === 4 ? handler.onReset(stream, read32(octets, start)) : BAD_LENGTH;
      case SETTINGS:
        return this.#settings(flags, octets, start, end);
      case PUSH_PROMISE:
        // RFC 9113 §8.4.
        return PUSHED;
      case PING:
        // RFC 9113 §6.7.
        if (stream !== 0) return HAS_STREAM;
        return length === 8 ? handler.onPing(octets, start, (flags & ACK) !== 0) : BAD_LENGTH;
      case GOAWAY:
        // RFC 9113 §6.8.
        if (stream !== 0) return HAS_STREAM;
        return length >= 8 ? handler.onGoaway(read32(octets, start + 4)) : BAD_LENGTH;
      case WINDOW_UPDATE:
        // RFC 9113 §6.9.
        return length === 4 ? handler.onWindowUpdate(stream, read31(octets, start)) : BAD_LENGTH;
      case PRIORITY_UPDATE: {
        // RFC 9218 §7.1.
        if (stream !== 0) return HAS_STREAM;
        if (length < 4) return BAD_LENGTH;
        const about = read31(octets, start);
        return about === 0 ? NEEDS_STREAM : handler.onPriorityUpdate(about, octets.toString("latin1", start + 4, end));
      }
      default:
        // RFC 9113 §5.5: frames of other types are ignored.
        return handler.onUnknown();
    }
  }

  /** RFC 9113 §6.2. */
  #headers(flags: number, octets: Buffer, start: number, end: number): Result {
    const { stream } = this;
    if (stream === 0) return NEEDS_STREAM;
    let from = start;
    let to = end;
    if ((flags & PADDED) !== 0) {
      if (from >= to) return BAD_LENGTH;
      to -= octets[from++]!;
    }
    let dependency = 0;
    if ((flags & HAS_PRIORITY) !== 0) {
      if (from + 5 > end) return BAD_LENGTH;
      dependency = read31(octets, from);
      from += 5;
    }
    if (to < from) return BAD_PADDING;
    const isWhole = (flags & END_HEADERS) !== 0;
    if (!isWhole) this.#block = stream;
    const ends = (flags & END_STREAM) !== 0;
    return this.#handler.onHeaders(stream, octets, from, to, isWhole, ends, dependency === stream);
  }

  /** RFC 9113 §6.5. */
  #settings(flags: number, octets: Buffer, start: number, end: number): Result {
    if (this.stream !== 0) return HAS_STREAM;
    const length = end - start;
    if ((flags & ACK) !== 0) return length === 0 ? this.#handler.onSettingsAck() : BAD_LENGTH;
    if (length % 6 !== 0) return BAD_LENGTH;
    // Before they have their effect: it may be that the connection is to end, which cannot be said before them.
    this.#isFirst = false;
    return this.#handler.onSettings(octets, start, end);
  }
}
