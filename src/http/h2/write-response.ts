import { type Content, releaseContent } from "../content.ts";
import { latin1Of, latin1OfOctets } from "../latin1.ts";
import { Response, type Trailers } from "../response.ts";
import { knownLength, lengthWithoutContent } from "../response-length.ts";
import { isNullBodyStatus } from "../status.ts";
import { StreamWriter } from "../stream-writer.ts";
import { FRAME_LIMIT } from "./frame.ts";
import type { Stream } from "./stream.ts";

/**
 * Writes a response: all of it when its content is at hand, its head when the content is streamed or has trailers.
 *
 * @returns what writes the content, or undefined when everything is on its way
 * @throws TypeError when the content has been read before
 */
export function writeResponse(stream: Stream, response: Response): StreamWriter | undefined {
  const content = Response.parts.take(response);
  const { sections } = stream.sender;
  if (stream.isHead || content === null || isNullBodyStatus(response.status)) {
    const length = lengthWithoutContent(response, content, stream.isHead);
    stream.sender.headers(stream.id, sections.head(response, length), true);
    releaseContent(content);
    stream.onSent();
    return undefined;
  }
  const trailers = Response.parts.trailers(response);
  if (trailers !== undefined && stream.wantsTrailers()) return writeStreamed(stream, response, content, trailers);
  if (typeof content === "string") {
    const octets = Buffer.byteLength(content);
    if (octets > FRAME_LIMIT) writeLarge(stream, response, Buffer.from(content));
    else writeSmall(stream, response, latin1Of(content, octets));
    return undefined;
  }
  if (content instanceof Uint8Array) {
    if (content.length > SMALL) writeLarge(stream, response, content);
    else writeSmall(stream, response, latin1OfOctets(content));
    return undefined;
  }
  return writeStreamed(stream, response, content, undefined);
}

/** Octets up to which copying them into the head's string is cheaper than a second piece in the same write. */
const SMALL = 4 * 1024;

function writeSmall(stream: Stream, response: Response, latin1: string): void {
  const { sender } = stream;
  const octets = latin1.length;
  const block = sender.sections.head(response, octets);
  if (octets <= stream.window && octets <= sender.window && !sender.isBehind) {
    stream.sent = octets;
    sender.wholeResponse(stream.id, block, latin1);
    stream.onSent();
    return;
  }
  sender.headers(stream.id, block, false);
  stream.stage = "sending";
  stream.startOutput().whole(Buffer.from(latin1, "latin1"));
}

function writeLarge(stream: Stream, response: Response, octets: Uint8Array): void {
  stream.sender.headers(stream.id, stream.sender.sections.head(response, octets.length), false);
  stream.stage = "sending";
  stream.startOutput().whole(octets);
}

function writeStreamed(
  stream: Stream,
  response: Response,
  content: NonNullable<Content>,
  trailers: Trailers | undefined,
): StreamWriter {
  const length = knownLength(response, content);
  // Before the head: content that cannot even begin is still answered with 500.
  const writer = new StreamWriter(stream.startOutput(), content, length, trailers);
  stream.sender.headers(stream.id, stream.sender.sections.head(response, length), false);
  return writer;
}
