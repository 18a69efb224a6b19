import type { MaybePromise } from "../base/maybe-promise.ts";
import { Readable } from "node:stream";
import { Body } from "./body.ts";
import { isFormData, native } from "./native.ts";
import { HttpError } from "./http-error.ts";

/** A stream whose length in octets is known, such as a file. `close` releases it when nobody will read it. */
export interface SizedContent extends AsyncIterable<Uint8Array> {
  readonly length: number;
  close?(): void;
  /** Said before a piece is asked for: every piece before it has been sent and none of it kept. Saves buffers. */
  reuse?(): void;
}

/** The content of a message as it is held: the cheap forms stay what they are until they are written. */
export type Content =
  | string
  | Uint8Array
  | Body
  | SizedContent
  | ReadableStream
  | AsyncIterable<Uint8Array | string>
  | null;

/** Everything that a user may give as content; the Fetch standard's `BodyInit` and async iterables. */
export type ContentInit = Content | ArrayBuffer | ArrayBufferView | Blob | FormData | URLSearchParams | undefined;

const encoder = new TextEncoder();

/** What a user gave, in a form that can be held, and the Content-Type that it implies. */
export function contentOf(init: ContentInit): { content: Content; type: string | undefined } {
  if (init === null || init === undefined) return { content: null, type: undefined };
  if (typeof init === "string") return { content: init, type: "text/plain; charset=utf-8" };
  if (init instanceof Uint8Array) return { content: init, type: undefined };
  if (init instanceof ArrayBuffer) return { content: new Uint8Array(init), type: undefined };
  if (ArrayBuffer.isView(init)) {
    return { content: new Uint8Array(init.buffer, init.byteOffset, init.byteLength), type: undefined };
  }
  if (init instanceof URLSearchParams) {
    return { content: init.toString(), type: "application/x-www-form-urlencoded; charset=utf-8" };
  }
  if (init instanceof Blob) return { content: new BlobContent(init), type: init.type || undefined };
  if (isFormData(init)) {
    // The platform knows how to write multipart; its boundary is in the type.
    const form = new native.Response(init);
    return { content: form.body, type: form.headers.get("content-type") ?? undefined };
  }
  if (typeof init === "object" && Symbol.asyncIterator in init) return { content: init, type: undefined };
  return { content: String(init), type: "text/plain; charset=utf-8" };
}

class BlobContent implements SizedContent {
  readonly #blob: Blob;
  readonly length: number;

  constructor(blob: Blob) {
    this.#blob = blob;
    this.length = blob.size;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#blob.stream()[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }
}

/** Content that is not at hand as a whole. */
export type StreamedContent = Exclude<Content, string | Uint8Array | null>;

/** Whether content must be read piece by piece. */
export function isStreamed(content: Content): content is StreamedContent {
  return content !== null && typeof content !== "string" && !(content instanceof Uint8Array);
}

/** The length of content in octets, or -1 when only reading it would tell. */
export function lengthOf(content: Content): number {
  if (content === null) return 0;
  if (typeof content === "string") return Buffer.byteLength(content);
  const { length } = content as { length?: unknown };
  return typeof length === "number" ? length : -1;
}

/** Whether a stream is being read by somebody else, or has been. */
export function isTaken(content: Content): boolean {
  // Asking for ReadableStream loads the platform's streams: most content is none.
  return isStreamed(content) && content instanceof ReadableStream && (content.locked || Readable.isDisturbed(content));
}

/** Bodies by the streams made of them: a body is still wanted for its trailers. */
const bodies = new WeakMap<ReadableStream, Body>();

/** The body that content is or was made of. */
export function bodyOf(content: Content): Body | undefined {
  return content instanceof ReadableStream ? bodies.get(content) : content instanceof Body ? content : undefined;
}

/** Content as a stream of the Fetch standard. */
export function streamOf(content: Content): ReadableStream<Uint8Array> | null {
  if (content === null) return null;
  if (content instanceof ReadableStream) return content;
  const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
  const stream = ReadableStream.from(octets(pieces));
  if (content instanceof Body) {
    content.claimed = true;
    bodies.set(stream, content);
  }
  return stream;
}

async function* octets(
  pieces: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield typeof piece === "string" ? encoder.encode(piece) : piece;
}

/**
 * All of the content in one piece.
 *
 * @throws HttpError 413 when it is longer than `limit` octets.
 */
export async function bytesOf(content: Content, limit: number = Infinity): Promise<Uint8Array> {
  if (content === null) return new Uint8Array(0);
  if (typeof content === "string") return encoder.encode(content);
  if (content instanceof Uint8Array) return content;
  if (content instanceof Body) {
    if (content.length > limit) throw tooLarge(limit);
    const whole = content.takeWhole();
    if (whole !== undefined && whole.length <= limit) return whole;
    if (whole !== undefined) throw tooLarge(limit);
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of octets(content)) {
    length += piece.length;
    if (length > limit) throw tooLarge(limit);
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, length);
}

function tooLarge(limit: number): HttpError {
  return new HttpError(413, `The content is longer than ${limit} octets`);
}

/** All of the content as text: UTF-8, without a byte order mark, as the Fetch standard decodes it. */
export function textOf(content: Content, limit: number = Infinity): MaybePromise<string> {
  if (typeof content === "string") return content;
  // Most requests come as one piece: no promise is made for what is there.
  if (content instanceof Body && content.length <= limit) {
    const whole = content.takeWhole();
    if (whole !== undefined && whole.length > limit) throw tooLarge(limit);
    if (whole !== undefined) return decodeText(whole);
  }
  return bytesOf(content, limit).then(decodeText);
}

/** UTF-8 to text as the Fetch standard decodes it. */
export function decodeText(bytes: Uint8Array): string {
  const octets = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = octets.toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Two contents that give the same octets, from one. */
export function teeOf(content: Content): [Content, Content] {
  if (!isStreamed(content)) return [content, content];
  const body = bodyOf(content);
  const streams = streamOf(content)!.tee();
  if (body !== undefined) for (const stream of streams) bodies.set(stream, body);
  return streams;
}

/** Releases content that nobody will read. Never throws. */
export function releaseContent(content: Content): void {
  if (!isStreamed(content) || content instanceof Body) return;
  if (content instanceof ReadableStream) {
    if (!content.locked) content.cancel().catch(() => {});
  } else {
    (content as SizedContent).close?.();
  }
}
