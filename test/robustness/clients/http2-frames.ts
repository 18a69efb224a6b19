// Octets that the attackers of HTTP/2 send.

import { frameHead, PREFACE } from "../../../src/http/h2/frame.ts";

export function frame(type: number, flags: number, stream: number, payload: Uint8Array | string = ""): Buffer {
  const octets = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  return Buffer.concat([Buffer.from(frameHead(octets.length, type, flags, stream), "latin1"), octets]);
}

export function four(value: number): Buffer {
  return Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
}

/** How a connection begins: with SETTINGS, and the acknowledgement of the server's. */
export function beginning(...pairs: readonly (readonly [number, number])[]): Buffer {
  const settings = Buffer.concat(pairs.map(([name, value]) => Buffer.concat([Buffer.from([0, name]), four(value)])));
  return Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0, settings), frame(4, 1, 0)]);
}

/** A line of a field section that goes into no table. RFC 7541 §6.2.2. */
export function line(name: string, value: string): Buffer {
  return Buffer.concat([string(0, name), string(undefined, value)]);
}

/** The same, put into the dynamic table. RFC 7541 §6.2.1. */
export function entry(name: string, value: string): Buffer {
  return Buffer.concat([string(0x40, name), string(undefined, value)]);
}

/** The newest entry of the dynamic table. RFC 7541 §6.1. */
export const NEWEST = 0xbe;

function string(first: number | undefined, text: string): Buffer {
  const octets = Buffer.from(text, "latin1");
  const { length } = octets;
  // RFC 7541 §5.1: what does not fit in seven bits follows, seven at a time.
  const coded = length < 127 ? [length] : [127, ((length - 127) & 127) | 128, (length - 127) >>> 7];
  return Buffer.concat([Buffer.from(first === undefined ? coded : [first, ...coded]), octets]);
}

const request =
  (method: number) =>
  (path: string): Buffer =>
    Buffer.concat([
      Buffer.from([method, 0x86]),
      Buffer.from([0x04, path.length, ...Buffer.from(path)]),
      Buffer.from([0x01, 1, 0x61]),
    ]);

/** A section of GET, http, a path below 127 octets, and an authority of one letter. */
export const get: (path: string) => Buffer = request(0x82);
export const post: (path: string) => Buffer = request(0x83);
