import { type Content, isStreamed, releaseContent } from "../content.ts";
import type { KeptResponse } from "../kept-response.ts";
import { latin1Of, latin1OfOctets } from "../latin1.ts";
import { Response, type Trailers } from "../response.ts";
import { knownLength, lengthWithoutContent } from "../response-length.ts";
import { isNullBodyStatus } from "../status.ts";
import { type Delimiting, encodeHead, encodeKept, JOIN_LIMIT, type Persistence, renderKept } from "./encoder.ts";
import { FramedOutput } from "./framed-output.ts";
import type { Output } from "../output.ts";
import { StreamWriter } from "../stream-writer.ts";

/** What of a request decides how its response is written. */
export interface Recipient {
  readonly isHead: boolean;
  /** Whether the client speaks HTTP/1.1 and so understands chunks. */
  readonly understandsChunks: boolean;
  /** Whether it said `TE: trailers`. Asked only when there are trailers. */
  readonly wantsTrailers: () => boolean;
  /** Set to the octets of content that were written. */
  sent: number;
}

/**
 * Writes a response: all of it when its content is at hand, its head when the content is streamed or has trailers.
 *
 * @returns what writes the content, or undefined when the response is complete
 * @throws TypeError when the content has been read before
 */
export function writeResponse(
  output: Output,
  response: Response,
  recipient: Recipient,
  persistence: Persistence,
): StreamWriter | undefined {
  const content = Response.parts.take(response);
  if (recipient.isHead || content === null || isNullBodyStatus(response.status)) {
    output.text(encodeHead(response, delimitingWithout(response, content, recipient), persistence));
    releaseContent(content);
    recipient.sent = 0;
    return undefined;
  }
  const trailers = wantedTrailers(response, recipient);
  if (trailers === undefined && !isStreamed(content)) {
    recipient.sent = writeWhole(output, response, content, persistence);
    return undefined;
  }
  const length = knownLength(response, content);
  // RFC 9112 §7.1.2: trailers have a place behind chunks only, whatever is known of the length.
  const delimiting = delimitingOf(trailers === undefined ? length : -1, recipient);
  // Before the head: content that cannot even begin is still answered with 500.
  const writer = new StreamWriter(new FramedOutput(output, delimiting), content, length, trailers);
  output.text(encodeHead(response, delimiting, persistence));
  return writer;
}

/** RFC 9110 §6.5.1: who has said that it takes trailers gets them. */
function wantedTrailers(response: Response, recipient: Recipient): Trailers | undefined {
  const trailers = Response.parts.trailers(response);
  return trailers !== undefined && recipient.understandsChunks && recipient.wantsTrailers() ? trailers : undefined;
}

/** Whether a response of unknown length can only be ended by closing the connection. */
export function endsWithClose(response: Response, recipient: Recipient): boolean {
  const content = Response.parts.content(response);
  if (recipient.isHead || recipient.understandsChunks || !isStreamed(content)) return false;
  return knownLength(response, content) < 0;
}

function writeWhole(
  output: Output,
  response: Response,
  content: string | Uint8Array,
  persistence: Persistence,
): number {
  const kept = Response.parts.kept(response);
  if (kept !== undefined) return writeKept(output, response, kept, content, persistence);
  if (typeof content === "string") return writeText(output, response, content, persistence);
  return writeOctets(output, response, content, persistence);
}

function writeText(output: Output, response: Response, content: string, persistence: Persistence): number {
  const octets = Buffer.byteLength(content);
  if (octets > JOIN_LIMIT) return writeOctets(output, response, Buffer.from(content), persistence);
  output.text(encodeHead(response, octets, persistence) + latin1Of(content, octets));
  return octets;
}

function writeOctets(output: Output, response: Response, content: Uint8Array, persistence: Persistence): number {
  output.text(encodeHead(response, content.length, persistence));
  if (content.length > SMALL) output.octets(content);
  else output.text(latin1OfOctets(content));
  return content.length;
}

function writeKept(
  output: Output,
  response: Response,
  kept: KeptResponse,
  content: string | Uint8Array,
  persistence: Persistence,
): number {
  if (content.length > JOIN_LIMIT) return writeOctets(output, response, octetsOf(content), persistence);
  const rendered = renderKept(response, kept, () => octetsOf(content));
  output.text(encodeKept(response, rendered, persistence));
  return rendered.octets;
}

/** Octets up to which copying them into the head's string is cheaper than a second piece in the same write. */
const SMALL = 4 * 1024;

function octetsOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? Buffer.from(content) : content;
}

/** @param length in octets, or -1 */
function delimitingOf(length: number, recipient: Recipient): Delimiting {
  if (length >= 0) return length;
  return recipient.understandsChunks ? "chunked" : "close";
}

/** For a response that has no content on the wire: what its head says of the length that GET would have. */
function delimitingWithout(response: Response, content: Content, recipient: Recipient): Delimiting {
  const length = lengthWithoutContent(response, content, recipient.isHead);
  if (length >= 0) return length;
  return recipient.isHead && content !== null && !isNullBodyStatus(response.status)
    ? delimitingOf(-1, recipient)
    : "none";
}
