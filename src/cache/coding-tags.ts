import { entityTagListHas, parseEntityTags } from "../fields/entity-tag.ts";
import type { Request } from "../http/request.ts";

/** The end of an entity tag that was turned: a coding, and which of its forms. */
const SUFFIX = /-(?:br|zstd|gzip|dcb|dcz)[0-9a-z]*"$/;

/**
 * The entity tag of content in another coding. RFC 9110 §8.8.3.3: a strong one must differ, a weak one may stay.
 *
 * @param form tells forms of one coding apart that differ in their octets: its level, its length
 */
export function tagInCoding(etag: string, coding: string, form: string): string {
  return etag.startsWith("W/") ? etag : `${etag.slice(0, -1)}-${coding}${form}"`;
}

/**
 * Makes the entity tags of a request mean something to who made them: beside each that was turned here stands the one
 * that it was made from. Those that were sent stay, since a handler may have coded content itself.
 *
 * @returns If-None-Match as it was sent, when a tag in it was turned
 */
export function returnTags(request: Request): string | undefined {
  const before = request.headers.get("if-none-match");
  returnTagsOf(request, "if-match");
  returnTagsOf(request, "if-none-match");
  return before === null || before === request.headers.get("if-none-match") ? undefined : before;
}

function returnTagsOf(request: Request, name: string): void {
  const value = request.headers.get(name);
  if (value === null || !/-(?:br|zstd|gzip|dcb|dcz)/.test(value)) return;
  const tags = parseEntityTags(value);
  if (tags === undefined || tags === "*") return;
  const turned = tags.filter((tag) => SUFFIX.test(tag) && !tag.startsWith("W/"));
  if (turned.length > 0) {
    request.headers.set(name, [value, ...turned.map((tag) => tag.replace(SUFFIX, '"'))].join(", "));
  }
}

/**
 * The entity tag that a 304 must have: of the tags that the client sent, the one that stands for `etag` or was made of
 * it. RFC 9111 §4.3.4: a client looks for what it has stored by this tag.
 *
 * @param sent If-None-Match as it was sent
 */
export function tagOfNotModified(etag: string, sent: string): string {
  if (entityTagListHas(sent, etag, "weak")) return etag;
  const tags = parseEntityTags(sent);
  return (Array.isArray(tags) && tags.find((tag) => tag.replace(SUFFIX, '"') === etag)) || etag;
}
