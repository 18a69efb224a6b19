import { type MaybePromise, then } from "../base/maybe-promise.ts";
import { isStreamed, releaseContent } from "../http/content.ts";
import { HttpError } from "../http/http-error.ts";
import type { KeptResponse } from "../http/kept-response.ts";
import type { Representation } from "../http/representation.ts";
import type { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";
import { isNeutral } from "./codable.ts";
import type { CodingChoice } from "./coding-choice.ts";
import { codeByDictionary } from "./coding-dictionary.ts";
import { type Coded, keptInCoding, keptVarying, putCoded, vary } from "./coding-fields.ts";
import { codeQuickly, codeWell, onPool, QUICK_LEVELS } from "./coding-octets.ts";
import { CodedContent } from "./coding-stream.ts";
import { isCompressibleType } from "./coding-types.ts";
import { type Dictionaries, formOfDictionary } from "./dictionaries.ts";
import { isKeepable, keptCoding, precoded } from "./kept-codings.ts";

/** What a response is sent for. */
export interface Terms {
  readonly request: Request;
  readonly choice: CodingChoice;
  /** The names of the assets that this one is a dictionary for. */
  readonly family: string | undefined;
  /** The dictionary that the client has, as the request names it. */
  readonly available: string | undefined;
}

/** A coded response; null when coding makes it no smaller, undefined when it is better sent as it is for now. */
type Found = MaybePromise<Response | null | undefined>;

/** What is made of one kept response at most: dictionaries are chosen by clients. */
const MOST_CODINGS = 16;

/** What a kept response was found to be for such a client, if it has been. */
export function knownFor(kept: KeptResponse, response: Response, key: string): Response | undefined {
  const known = kept.coded.get(key);
  if (known === undefined || !mayRemember(response)) return undefined;
  return again(known, kept, response);
}

/** Whether what is found out about this response holds for the next from the same kept one. */
function mayRemember(response: Response): boolean {
  return response.compress === undefined && isNeutral(Response.parts.defaults(response));
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
function remember(
  response: Response,
  { choice }: Terms,
  derive: (kept: KeptResponse) => KeptResponse,
  key: string = choice.key,
): Response {
  const kept = Response.parts.kept(response);
  if (kept === undefined) return response;
  const derived = derive(kept);
  if (choice.identity && mayRemember(response)) kept.coded.set(key, derived);
  return again(derived, kept, response);
}

/** A response that nobody gets in a coding. */
export function asItIs(response: Response, terms: Terms): Response {
  if (!terms.choice.identity) refuse(response, terms.request);
  // RFC 9110 §15.3.7: a part has the Vary that the whole would have.
  const isPart = response.status === 206 && response.compress !== false;
  if (isPart && isCompressibleType(Response.field(response, "content-type") ?? "")) return vary(response);
  return remember(response, terms, (kept) => kept);
}

/** A response that another client might get in a coding. @param isFinal whether this one never will */
export function asItVaries(response: Response, terms: Terms, isFinal: boolean): Response {
  if (!terms.choice.identity) refuse(response, terms.request);
  if (!isFinal || Response.parts.kept(response) === undefined) return vary(response);
  return remember(response, terms, (kept) => keptVarying(kept, response, terms.family));
}

/** RFC 9110 §12.5.3: content as it is may not be sent to who refuses it. Other statuses have more to say than that. */
function refuse(response: Response, request: Request): void {
  const isSafe = request.method === "GET" || request.method === "HEAD";
  if (!isSafe || response.status !== 200 || Response.field(response, "content-encoding") !== null) return;
  releaseContent(Response.parts.content(response));
  throw new HttpError(406, "The content cannot be had in any of the codings that the request accepts");
}

/** The response in the coding that suits best. */
export function codedResponse(response: Response, terms: Terms): Found {
  const { parts } = Response;
  const kept = parts.kept(response);
  const representation = parts.representation(response);
  const owner = representation ?? kept;
  if (owner === undefined) return codedOnce(response, terms);
  const before = representation === undefined ? undefined : precoded(representation, terms.choice.kept);
  return then(before, (coded) => {
    if (coded !== undefined) return put(response, terms, coded);
    return codedAndKept(response, terms, owner, representation);
  });
}

function codedAndKept(
  response: Response,
  terms: Terms,
  owner: Representation | KeptResponse,
  representation: Representation | undefined,
): Found {
  const content = Response.parts.content(response);
  const coding = terms.choice.kept[0]!;
  if (content === null || isStreamed(content) || !isKeepable(representation, owner, coding)) {
    return codedOnce(response, terms);
  }
  const octets = octetsOf(content);
  return then(
    keptCoding(representation, owner, coding, octets, () => codeWell(octets, coding)),
    (coded) => coded && put(response, terms, { coding, content: coded, form: "" }),
  );
}

/** Codes content for one response. */
function codedOnce(response: Response, terms: Terms): Found {
  const { choice } = terms;
  const content = Response.parts.content(response);
  const coding = choice.once[0]!;
  // HEAD: the fields that GET would have.
  if (content === null) return putCoded(response, { coding, content, form: undefined });
  if (isStreamed(content)) {
    if (!CodedContent.hasRoom) return undefined;
    return put(response, terms, { coding, content: new CodedContent(content, coding), form: undefined });
  }
  return then(codeQuickly(content, coding), (coded) => {
    if (coded === undefined) return undefined;
    // Text has at least as many octets as units.
    if (coded.length >= content.length && choice.identity) return null;
    return putCoded(response, { coding, content: coded, form: String(QUICK_LEVELS[coding]) });
  });
}

/** The response as what a dictionary that the client has lacks of it; undefined when there is no such dictionary. */
export function codedByDictionary(response: Response, terms: Terms, dictionaries: Dictionaries): Found {
  const { parts } = Response;
  const representation = parts.representation(response);
  const content = parts.content(response);
  const [coding] = terms.choice.dictionary;
  const { available } = terms;
  if (representation === undefined || content === null || isStreamed(content)) return undefined;
  if (available === undefined || coding === undefined || !representation.grow(0)) return undefined;
  const key = `${coding} ${available}`;
  if (representation.codings.size >= MOST_CODINGS && !representation.codings.has(key)) return undefined;
  return then(dictionaries.find(available, terms.request.path), (dictionary) => {
    if (dictionary === undefined) return undefined;
    const octets = octetsOf(content);
    const code = () => onPool(() => codeByDictionary(octets, dictionary, coding));
    return then(keptCoding(representation, representation, key, octets, code), (coded) => {
      const form = formOfDictionary(dictionary.digest);
      return coded && put(response, terms, { coding, content: coded, form }, key);
    });
  });
}

function put(response: Response, terms: Terms, coded: Coded, key?: string): Response {
  const { content } = coded;
  const { family, request } = terms;
  if (Response.parts.kept(response) !== undefined && !isStreamed(content)) {
    return remember(response, terms, (kept) => keptInCoding(kept, response.status, coded, family), key);
  }
  if (isStreamed(content)) request.onEnd(() => releaseContent(content));
  return putCoded(response, coded, family);
}

function octetsOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? Buffer.from(content) : content;
}
