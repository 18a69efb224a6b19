/** Frame types. RFC 9113 §6, RFC 9218 §7.1. */
export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;
export const PRIORITY_UPDATE = 16;

/** Flags. */
export const ACK = 0x1;
export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const HAS_PRIORITY = 0x20;

/** Octets before a frame's payload. RFC 9113 §4.1. */
export const FRAME_HEAD = 9;

/** The largest payload that we take, and that we send: what every implementation must be able to. RFC 9113 §4.2. */
export const FRAME_LIMIT: number = 16 * 1024;

/** What a client sends first. RFC 9113 §3.4. */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** The head of a frame, one octet per character. RFC 9113 §4.1. */
export function frameHead(length: number, type: number, flags: number, stream: number): string {
  return String.fromCharCode(
    length >>> 16,
    (length >>> 8) & 0xff,
    length & 0xff,
    type,
    flags,
    stream >>> 24,
    (stream >>> 16) & 0xff,
    (stream >>> 8) & 0xff,
    stream & 0xff,
  );
}

/** An unsigned integer of 32 bits, one octet per character. */
export function text32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

export function text16(value: number): string {
  return String.fromCharCode((value >>> 8) & 0xff, value & 0xff);
}

export function read32(octets: Uint8Array, at: number): number {
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
}

/** RFC 9113 §4.1: the first bit is reserved and ignored. */
export function read31(octets: Uint8Array, at: number): number {
  return read32(octets, at) & 0x7fffffff;
}

export function rstStream(stream: number, code: number): string {
  return frameHead(4, RST_STREAM, 0, stream) + text32(code);
}

export function windowUpdate(stream: number, increment: number): string {
  return frameHead(4, WINDOW_UPDATE, 0, stream) + text32(increment);
}

/** @param debug said to people, ASCII */
export function goaway(lastStream: number, code: number, debug: string): string {
  return frameHead(8 + debug.length, GOAWAY, 0, 0) + text32(lastStream) + text32(code) + debug;
}

/** A field block in one HEADERS frame and as many CONTINUATION frames as it takes. RFC 9113 §6.2, §6.10. */
export function headersFrames(stream: number, block: string, flags: number): string {
  if (block.length <= FRAME_LIMIT) return frameHead(block.length, HEADERS, flags | END_HEADERS, stream) + block;
  let text = frameHead(FRAME_LIMIT, HEADERS, flags, stream) + block.slice(0, FRAME_LIMIT);
  for (let at = FRAME_LIMIT; at < block.length; at += FRAME_LIMIT) {
    const piece = block.slice(at, at + FRAME_LIMIT);
    text += frameHead(piece.length, CONTINUATION, at + FRAME_LIMIT >= block.length ? END_HEADERS : 0, stream) + piece;
  }
  return text;
}
