import { parseDecimal } from "../base/ascii.ts";
import { parseCacheControl } from "../fields/cache-control.ts";
import { type Content, lengthOf } from "../http/content.ts";
import type { DefaultFields } from "../http/default-fields.ts";
import { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";

/** What content is worth coding. */
export interface Worth {
  /** Octets. */
  readonly minSize: number;
  readonly types: (contentType: string) => boolean;
}

/**
 * Whether the content of a response may be coded for who takes codings.
 *
 * @param isWanted whether it is to be coded however small and of whatever type it is
 */
export function isCodable(request: Request, response: Response, worth: Worth, isWanted: boolean): boolean {
  const content = Response.parts.content(response);
  if (!hasWholeContent(request, response, content)) return false;
  if (!isWanted && (!isWorthy(response, content, worth) || isConfidential(request, response))) return false;
  return mayChange(response);
}

/** Statuses without content of their own, and 206, whose ranges count octets of what is not coded. RFC 9110 §14.2. */
function hasWholeContent(request: Request, response: Response, content: Content): boolean {
  const { status } = response;
  if (status < 200 || status === 204 || status === 205 || status === 206 || status === 304) return false;
  return content !== null || (request.method === "HEAD" && Response.field(response, "content-length") !== "0");
}

function isWorthy(response: Response, content: Content, { minSize, types }: Worth): boolean {
  if (isSmall(response, content, minSize)) return false;
  const type = Response.field(response, "content-type");
  return type !== null && types(type);
}

/** Whether content is known to be smaller than `size` octets. */
function isSmall(response: Response, content: Content, size: number): boolean {
  if (typeof content === "string") {
    // UTF-8 takes one to three octets for each unit of a string.
    return content.length < size && (content.length * 3 < size || Buffer.byteLength(content) < size);
  }
  const length = content === null ? parseDecimal(Response.field(response, "content-length") ?? "") : lengthOf(content);
  return length >= 0 && length < size;
}

/**
 * BREACH: the length of coded content tells whether what an attacker puts into it equals a secret beside it. Secrets are
 * where a response is for one user alone. What is kept is the same for all.
 */
function isConfidential(request: Request, response: Response): boolean {
  const { parts } = Response;
  const isShared = parts.kept(response) !== undefined || parts.representation(response)?.grow(0) === true;
  if (!isShared && Request.field(request, "authorization") !== null) return true;
  if (Response.field(response, "set-cookie") !== null) return true;
  const { noStore, isPrivate } = parseCacheControl(Response.field(response, "cache-control"));
  return noStore || isPrivate !== false;
}

/** Whether nobody has coded the content, signed it or said that it is to stay as it is. */
function mayChange(response: Response): boolean {
  const has = (name: string): boolean => Response.field(response, name) !== null;
  if (has("content-encoding") || has("content-range") || has("content-digest") || has("repr-digest")) return false;
  return !parseCacheControl(Response.field(response, "cache-control")).noTransform;
}

/** Default fields that decide nothing here, such as those of security. */
export function isNeutral(defaults: DefaultFields | undefined): boolean {
  if (defaults === undefined) return true;
  let verdict = neutral.get(defaults);
  if (verdict === undefined) neutral.set(defaults, (verdict = !DECISIVE.some((name) => defaults.has(name))));
  return verdict;
}

const neutral = new WeakMap<DefaultFields, boolean>();

const DECISIVE = ["cache-control", "content-encoding", "content-type", "etag", "set-cookie", "vary"];
