import { isPromise, type MaybePromise, then } from "../base/maybe-promise.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";
import { isCodable, type Worth } from "./codable.ts";
import { asItIs, asItVaries, codedByDictionary, codedResponse, knownFor, type Terms } from "./coded-response.ts";
import { type Coding, type CodingChoice, CodingChoices } from "./coding-choice.ts";
import { vary } from "./coding-fields.ts";
import { type Returned, returnTags, tagOfNotModified } from "./coding-tags.ts";
import { isCompressibleType } from "./coding-types.ts";
import { type Dictionaries, familyOf, formOfDictionary } from "./dictionaries.ts";

/** What is compressed, and how. */
export interface CompressionOptions {
  /** The codings to offer. Which of them a client gets is up to it and, among equals, to what they cost here. Default all. */
  readonly codings?: readonly Coding[];
  /** Octets below which content is sent as it is. Default 1024: with its head it fits into one packet. */
  readonly minSize?: number;
  /** Whether content of a type is worth it. Default: text, JSON, XML, scripts, SVG, Wasm and uncompressed fonts. */
  readonly types?: (contentType: string) => boolean;
  /** Previous versions of assets, of which clients then get only the differences. RFC 9842. Default: none. */
  readonly dictionaries?: Dictionaries;
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
  readonly #dictionaries: Dictionaries | undefined;
  readonly #next: Handler;

  constructor(options: CompressionOptions, next: Handler) {
    const { codings = ["br", "zstd", "gzip"], minSize = 1024, types = isCompressibleType, dictionaries } = options;
    this.#choices = new CodingChoices(codings, dictionaries?.codings);
    this.#worth = { minSize, types };
    this.#dictionaries = dictionaries;
    this.#next = next;
  }

  readonly handle: Handler = (request) => {
    const choice = this.#choices.of(Request.combined(request, "accept-encoding"));
    const returned = request.isConditional ? returnTags(request, takes(request, choice)) : undefined;
    const response = this.#next(request);
    return isPromise(response)
      ? response.then((later) => this.#answer(request, later, choice, returned))
      : this.#answer(request, response, choice, returned);
  };

  #answer(
    request: Request,
    response: Response,
    choice: CodingChoice,
    returned: Returned | undefined,
  ): MaybePromise<Response> {
    const kept = Response.parts.kept(response);
    const dictionaries = kept === undefined ? undefined : this.#dictionaries;
    if (dictionaries !== undefined && kept !== undefined && response.status === 200) {
      const terms = termsOf(request, choice);
      const isCandidate = terms.available !== undefined && choice.identity && response.compress !== false;
      if (isCandidate && isCodable(request, response, this.#worth, response.compress === true)) {
        const known = knownFor(kept, response, `${choice.dictionary[0]} ${terms.available}`);
        if (known !== undefined) return known;
        const coded = codedByDictionary(response, terms, dictionaries);
        return then(coded, (found) => found ?? this.#usual(response, terms));
      }
      return this.#usual(response, terms);
    }
    if (response.status === 304) return notModified(response, returned);
    return this.#usual(response, { request, choice, family: undefined, available: undefined });
  }

  #usual(response: Response, terms: Terms): MaybePromise<Response> {
    const { request, choice } = terms;
    const kept = Response.parts.kept(response);
    // Who refuses content as it is has chosen a coding by itself: no attacker makes a browser do so.
    const isWanted = response.compress === true || !choice.identity;
    const known = kept === undefined || isWanted ? undefined : knownFor(kept, response, choice.key);
    if (known !== undefined) return known;
    if (response.compress === false || !isCodable(request, response, this.#worth, isWanted)) {
      return asItIs(response, terms);
    }
    if (choice.kept.length === 0) return asItVaries(response, terms, true);
    return then(codedResponse(response, terms), (found) => found ?? asItVaries(response, terms, found === null));
  }
}

function termsOf(request: Request, choice: CodingChoice): Terms {
  const family = familyOf(request.path);
  const takes = family !== undefined && choice.dictionary.length > 0;
  const available = takes ? Request.combined(request, "available-dictionary") : null;
  // RFC 9842 §2.2: a byte sequence of 32 octets, without parameters. Other forms of it would be kept apart.
  return { request, choice, family, available: available?.length === 46 ? available : undefined };
}

/** Whether a client takes what an entity tag stands for: a coding, and for one by a dictionary that it has this one. */
function takes(request: Request, { kept, dictionary }: CodingChoice): (coding: string, form: string) => boolean {
  return (coding, form) => {
    if (!dictionary.some((other) => other === coding)) return kept.some((other) => other === coding);
    const available = Request.combined(request, "available-dictionary") ?? "";
    return formOfDictionary(Buffer.from(available.slice(1, -1), "base64")) === form;
  };
}

/** RFC 9111 §4.3.4: the client looks for what it has stored by the entity tag that it was sent. */
function notModified(response: Response, returned: Returned | undefined): Response {
  const etag = Response.field(response, "etag");
  if (etag === null || returned === undefined) return response;
  const tag = tagOfNotModified(etag, returned);
  if (tag === etag) return response;
  response.headers.set("etag", tag);
  return vary(response);
}
