import { entityTagListHas, parseEntityTags } from "../fields/entity-tag.ts";
import type { Request } from "../http/request.ts";

/** The end of an entity tag that was turned: a coding, and which of its forms. */
const SUFFIX = /-(br|zstd|gzip|dcb|dcz)([0-9a-z]*)"$/;

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
 * @param isAcceptable whether the request takes a coding in a form. A cache on the way names all that it has stored, and
 *   would take 304 for word that it may send one of them: also to who cannot read it. RFC 9111 §4.3.3
 * @returns If-None-Match as it was sent, when there was a tag in it to turn back
 */
export function returnTags(
  request: Request,
  isAcceptable: (coding: string, form: string) => boolean,
): Returned | undefined {
  const sent = request.headers.get("if-none-match");
  returnTagsOf(request, "if-match", () => true);
  const turned = returnTagsOf(request, "if-none-match", isAcceptable);
  return turned.length === 0 ? undefined : { sent: sent!, turned };
}

/** The tags of a request that were turned back. */
export interface Returned {
  /** If-None-Match as it was sent. */
  readonly sent: string;
  /** Those in it that were made here. */
  readonly turned: readonly string[];
}

function returnTagsOf(
  request: Request,
  name: string,
  isMeant: (coding: string, form: string) => boolean,
): readonly string[] {
  const value = request.headers.get(name);
  const tags = value?.includes("-") === true ? parseEntityTags(value) : undefined;
  if (!Array.isArray(tags)) return [];
  const turned = tags.filter((tag) => {
    const [, coding, form] = SUFFIX.exec(tag) ?? [];
    return coding !== undefined && !tag.startsWith("W/") && isMeant(coding, form!);
  });
  if (turned.length > 0) request.headers.set(name, [value, ...turned.map(untouched)].join(", "));
  return turned;
}

function untouched(tag: string): string {
  return tag.replace(SUFFIX, '"');
}

/**
 * The entity tag that a 304 must have: of the tags that the client sent, the one that stands for `etag` or was made of
 * it. RFC 9111 §4.3.4: a client looks for what it has stored by this tag.
 */
export function tagOfNotModified(etag: string, { sent, turned }: Returned): string {
  if (entityTagListHas(sent, etag, "weak")) return etag;
  return turned.find((tag) => untouched(tag) === etag) ?? etag;
}
