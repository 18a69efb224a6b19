import { hash } from "node:crypto";
import { type MaybePromise, then } from "../base/maybe-promise.ts";
import { evaluatePreconditions } from "../fields/preconditions.ts";
import { decodeText } from "../http/content.ts";
import { Headers } from "../http/headers.ts";
import { HttpError } from "../http/http-error.ts";
import type { Representation } from "../http/representation.ts";
import type { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";

/** What a presenter has made of a file. */
export interface Rendering {
  readonly content: string;
  /** The media type; default that of the response it was made from. */
  readonly type?: string | undefined;
  /** What else went into it, such as included files. */
  readonly sources?: Iterable<Representation> | undefined;
  /** Whether every request gets the same until one of the sources changes. */
  readonly isStatic: boolean;
}

/** The response's content as text. @throws RangeError when it is too long to be taken whole */
export function sourceText(response: Response): MaybePromise<string> {
  const representation = Response.parts.representation(response);
  return representation === undefined ? response.text() : then(representation.whole(), decodeText);
}

/** Fields that speak of the octets that were there before. */
const OF_CONTENT = [
  "accept-ranges",
  "content-length",
  "content-range",
  "content-type",
  "digest",
  "content-digest",
  "etag",
  "last-modified",
  "repr-digest",
];

/**
 * The response in place of another whose content has been made into something else: 200 with an entity tag of its own,
 * whatever part of the old content a client has asked for, and good for as long as everything that it was made from.
 */
export function renderedResponse(before: Response, rendering: Rendering): Response {
  const { content } = rendering;
  // The other statuses of a file are answers to what a client knows of the old content.
  const status = before.status === 206 || before.status === 304 ? 200 : before.status;
  const headers = new Headers(before.headers);
  const type = rendering.type ?? headers.get("content-type");
  for (const name of OF_CONTENT) headers.delete(name);
  if (type !== null) headers.set("content-type", type);
  if (status === 200) headers.set("etag", `"${hash("sha256", content, "base64url").slice(0, 22)}"`);
  const response = new Response(content, { status, headers });
  const from = Response.parts.representation(before);
  const rendered = new Rendered(rendering, from);
  response.serverCache = before.serverCache ?? (rendered.isStatic && from !== undefined ? "full" : "none");
  response.tags = before.tags;
  response.compress = before.compress;
  Response.parts.represent(response, rendered);
  return response;
}

/** The file that a representation is, or was made from. */
export function originOf(representation: Representation | undefined): string | undefined {
  return representation instanceof Rendered ? representation.origin : representation?.file;
}

/** A page that was made of other representations. */
export class Rendered implements Representation {
  /** The file that it was made from. */
  readonly origin: string | undefined;
  /** The same, if authors have written all of it. What a request brought along must not pass for theirs. */
  /** Whether nothing of the request has gone into it. */
  readonly isStatic: boolean;
  readonly file: string | undefined;
  readonly codings: Map<string, Uint8Array> = new Map();
  readonly #content: string;
  readonly #from: Representation | undefined;
  readonly #sources: readonly Representation[];

  constructor({ content, sources = [], isStatic }: Rendering, from: Representation | undefined) {
    this.origin = originOf(from);
    this.isStatic = isStatic && !(from instanceof Rendered && !from.isStatic);
    this.file = this.isStatic ? this.origin : undefined;
    this.#content = content;
    this.#from = from;
    this.#sources = [...sources];
  }

  get isCurrent(): boolean {
    return (this.#from === undefined || this.#from.isCurrent) && this.#sources.every(({ isCurrent }) => isCurrent);
  }

  conditional(request: Request, response: Response): Response {
    const field = (name: string): string | undefined => request.headers.get(name) ?? undefined;
    const fields = { ifMatch: field("if-match"), ifNoneMatch: field("if-none-match") };
    const etag = response.headers.get("etag") ?? undefined;
    const verdict = evaluatePreconditions(request.method, fields, { etag }, true);
    if (verdict === "failed") throw new HttpError(412);
    if (verdict === "proceed") return response;
    const headers = new Headers(response.headers);
    headers.delete("content-type");
    return new Response(null, { status: 304, headers });
  }

  /** Nobody keeps it but who stores the response. */
  grow(): boolean {
    return false;
  }

  neighbour(path: string): MaybePromise<Representation | undefined> {
    return this.#from?.neighbour?.(path);
  }

  whole(): Uint8Array {
    return Buffer.from(this.#content);
  }
}
