import { isPromise, type MaybePromise, then } from "../base/maybe-promise.ts";
import { isStreamed, releaseContent } from "../http/content.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { HttpError } from "../http/http-error.ts";
import type { KeptResponse } from "../http/kept-response.ts";
import type { Representation } from "../http/representation.ts";
import { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";
import { fieldOf, isCodable, isNeutral, type Worth } from "./codable.ts";
import { type Coding, type CodingChoice, CodingChoices } from "./coding-choice.ts";
import { type Coded, keptInCoding, keptVarying, putCoded, vary } from "./coding-fields.ts";
import { codeQuickly, QUICK_LEVELS } from "./coding-octets.ts";
import { CodedContent } from "./coding-stream.ts";
import { returnTags, tagOfNotModified } from "./coding-tags.ts";
import { isCompressibleType } from "./coding-types.ts";
import { isKeepable, keptCoding, precoded } from "./kept-codings.ts";

/** What is compressed, and how. */
export interface CompressionOptions {
  /** The codings to offer. Which of them a client gets is up to it and, among equals, to what they cost here. Default all. */
  readonly codings?: readonly Coding[];
  /** Octets below which content is sent as it is. Default 1024: with its head it fits into one packet. */
  readonly minSize?: number;
  /** Whether content of a type is worth it. Default: text, JSON, XML, scripts, SVG, Wasm and uncompressed fonts. */
  readonly types?: (contentType: string) => boolean;
}

/**
 * Compresses content: br, zstd or gzip, as Accept-Encoding says. RFC 9110 §8.4, §12.5.3.
 *
 * What is kept (files, stored responses) is compressed once, well, and kept with it. Content made for one response is
 * compressed quickly; streamed content piece by piece, so that nothing waits in here. What was compressed before is left
 * alone, and so are small content, ranges, and what `no-transform` or `response.compress = false` forbid.
 *
 * Responses for one user (`private`, `no-store`, Set-Cookie, requests with Authorization) are compressed only with
 * `response.compress = true`: where content holds a secret beside something that an attacker chose, its compressed length
 * tells of the secret (BREACH).
 *
 * @example
 * const layer = compression({ minSize: 4096 });
 */
export function compression(options: CompressionOptions = {}): Layer {
  return (next) => new Compression(options, next).handle;
}

class Compression {
  readonly #choices: CodingChoices;
  readonly #worth: Worth;
  readonly #next: Handler;

  constructor(options: CompressionOptions, next: Handler) {
    const { codings = ["br", "zstd", "gzip"], minSize = 1024, types = isCompressibleType } = options;
    this.#choices = new CodingChoices(codings);
    this.#worth = { minSize, types };
    this.#next = next;
  }

  readonly handle: Handler = (request) => {
    const sent = request.isConditional ? returnTags(request) : undefined;
    const response = this.#next(request);
    return isPromise(response)
      ? response.then((later) => this.#answer(request, later, sent))
      : this.#answer(request, response, sent);
  };

  #answer(request: Request, response: Response, sent: string | undefined): MaybePromise<Response> {
    const choice = this.#choices.of(Request.field(request, "accept-encoding"));
    const kept = Response.parts.kept(response);
    // Who refuses content as it is has chosen a coding by itself: no attacker makes a browser do so.
    const isWanted = response.compress === true || !choice.identity;
    if (kept !== undefined && !isWanted && response.compress === undefined) {
      const known = kept.coded.get(choice.key);
      if (known !== undefined && isNeutral(Response.parts.defaults(response))) return again(known, kept, response);
    }
    if (response.status === 304) return notModified(response, sent);
    if (response.compress === false || !isCodable(request, response, this.#worth, isWanted)) {
      return asItIs(request, response, choice);
    }
    if (choice.kept.length === 0) return asItVaries(request, response, choice);
    const coded = codedResponse(request, response, choice);
    return then(coded, (found) => found ?? asItVaries(request, response, choice));
  }
}

/** A response from one that is derived of what it was kept as. */
function again(known: KeptResponse, kept: KeptResponse, response: Response): Response {
  if (known === kept) return response;
  const defaults = Response.parts.defaults(response);
  const derived = known.again();
  if (defaults !== undefined) derived.defaultTo(defaults);
  return derived;
}

/** For the next time that the kept response is sent to a client that takes the same. */
function remember(response: Response, choice: CodingChoice, derive: (kept: KeptResponse) => KeptResponse): Response {
  const kept = Response.parts.kept(response);
  if (kept === undefined) return response;
  const derived = derive(kept);
  if (response.compress === undefined && choice.identity && isNeutral(Response.parts.defaults(response))) {
    kept.coded.set(choice.key, derived);
  }
  return again(derived, kept, response);
}

/** A response that nobody gets in a coding. */
function asItIs(request: Request, response: Response, choice: CodingChoice): Response {
  if (!choice.identity) refuse(request, response);
  // RFC 9110 §15.3.7: a part has the Vary that the whole would have.
  if (
    response.status === 206 &&
    response.compress !== false &&
    isCompressibleType(fieldOf(response, "content-type") ?? "")
  ) {
    return vary(response);
  }
  return remember(response, choice, (kept) => kept);
}

/** A response that another client might get in a coding. */
function asItVaries(request: Request, response: Response, choice: CodingChoice): Response {
  if (!choice.identity) refuse(request, response);
  const { parts } = Response;
  if (parts.kept(response) === undefined) return vary(response);
  return remember(response, choice, (kept) => keptVarying(kept, response));
}

/** RFC 9110 §12.5.3: content as it is may not be sent to who refuses it. Other statuses have more to say than that. */
function refuse(request: Request, response: Response): void {
  const isSafe = request.method === "GET" || request.method === "HEAD";
  if (!isSafe || response.status !== 200 || fieldOf(response, "content-encoding") !== null) return;
  releaseContent(Response.parts.content(response));
  throw new HttpError(406, NOT_ACCEPTABLE);
}

const NOT_ACCEPTABLE = "The content cannot be had in any of the codings that the request accepts";

/** RFC 9111 §4.3.4: the client looks for what it has stored by the entity tag that it was sent. */
function notModified(response: Response, sent: string | undefined): Response {
  const etag = sent === undefined ? null : fieldOf(response, "etag");
  if (etag === null) return response;
  const tag = tagOfNotModified(etag, sent!);
  if (tag === etag) return response;
  response.headers.set("etag", tag);
  return vary(response);
}

/** The response in the coding that suits best; undefined when it is better sent as it is. */
function codedResponse(request: Request, response: Response, choice: CodingChoice): MaybePromise<Response | undefined> {
  const { parts } = Response;
  const kept = parts.kept(response);
  const representation = parts.representation(response);
  const owner = representation ?? kept;
  if (owner === undefined) return codedOnce(request, response, choice);
  const before = representation === undefined ? undefined : precoded(representation, choice.kept);
  return then(before, (coded) => {
    if (coded !== undefined) return put(request, response, choice, coded);
    return codedAndKept(request, response, choice, owner, representation);
  });
}

function codedAndKept(
  request: Request,
  response: Response,
  choice: CodingChoice,
  owner: Representation | KeptResponse,
  representation: Representation | undefined,
): MaybePromise<Response | undefined> {
  const content = Response.parts.content(response);
  const coding = choice.kept[0]!;
  if (content === null || isStreamed(content) || !isKeepable(representation, owner, coding)) {
    return codedOnce(request, response, choice);
  }
  const octets = keptCoding(representation, owner, coding, () => octetsOf(content));
  return then(octets, (coded) =>
    coded === undefined ? undefined : put(request, response, choice, { coding, content: coded, form: "" }),
  );
}

/** Codes content for one response. */
function codedOnce(request: Request, response: Response, choice: CodingChoice): MaybePromise<Response | undefined> {
  const content = Response.parts.content(response);
  const coding = choice.once[0]!;
  // HEAD: the fields that GET would have.
  if (content === null) return putCoded(response, { coding, content, form: undefined });
  if (isStreamed(content)) {
    if (!CodedContent.hasRoom) return undefined;
    const coded = new CodedContent(content, coding);
    return put(request, response, choice, { coding, content: coded, form: undefined });
  }
  const octets = octetsOf(content);
  return then(codeQuickly(octets, coding), (coded) => {
    if (coded === undefined || (coded.length >= octets.length && choice.identity)) return undefined;
    return putCoded(response, { coding, content: coded, form: String(QUICK_LEVELS[coding]) });
  });
}

function put(request: Request, response: Response, choice: CodingChoice, coded: Coded): Response {
  const { content } = coded;
  if (Response.parts.kept(response) !== undefined && !isStreamed(content)) {
    return remember(response, choice, (kept) => keptInCoding(kept, response.status, coded));
  }
  if (isStreamed(content)) request.onEnd(() => releaseContent(content));
  return putCoded(response, coded);
}

function octetsOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? Buffer.from(content) : content;
}
