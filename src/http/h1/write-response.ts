import { type Content, isStreamed, lengthOf, releaseContent } from "../content.ts";
import type { KeptResponse } from "../kept-response.ts";
import { latin1Of, latin1OfOctets } from "../latin1.ts";
import { Response } from "../response.ts";
import { announcedLength, lengthWithoutContent } from "../response-length.ts";
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
 * Writes a response: all of it when its content is at hand, its head when the content is streamed.
 *
 * @returns what writes the streamed content, or undefined when the response is complete
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
  const kept = Response.parts.kept(response);
  if (kept !== undefined && !isStreamed(content)) {
    recipient.sent = writeKept(output, response, kept, content, persistence);
  } else if (typeof content === "string") recipient.sent = writeText(output, response, content, persistence);
  else if (content instanceof Uint8Array) recipient.sent = writeOctets(output, response, content, persistence);
  else {
    const delimiting = delimitingOf(response, lengthOf(content), recipient);
    const trailers = Response.parts.trailers(response);
    const wanted = trailers !== undefined && delimiting === "chunked" && recipient.wantsTrailers();
    // Before the head: content that cannot even begin is still answered with 500.
    const announced = typeof delimiting === "number" ? delimiting : -1;
    const sink = new FramedOutput(output, delimiting);
    const writer = new StreamWriter(sink, content, announced, wanted ? trailers : undefined);
    output.text(encodeHead(response, delimiting, persistence));
    return writer;
  }
  return undefined;
}

/** Whether a response of unknown length can only be ended by closing the connection. */
export function endsWithClose(response: Response, recipient: Recipient): boolean {
  const content = Response.parts.content(response);
  if (recipient.isHead || recipient.understandsChunks || !isStreamed(content)) return false;
  return delimitingOf(response, lengthOf(content), recipient) === "close";
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

function delimitingOf(response: Response, length: number, recipient: Recipient): Delimiting {
  if (length >= 0) return length;
  const announced = announcedLength(response);
  if (announced >= 0) return announced;
  return recipient.understandsChunks ? "chunked" : "close";
}

/** For a response that has no content on the wire: what its head says of the length that GET would have. */
function delimitingWithout(response: Response, content: Content, recipient: Recipient): Delimiting {
  const length = lengthWithoutContent(response, content, recipient.isHead);
  if (length >= 0) return length;
  return recipient.isHead && content !== null && !isNullBodyStatus(response.status)
    ? delimitingOf(response, -1, recipient)
    : "none";
}
