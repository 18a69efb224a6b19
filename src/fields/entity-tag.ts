import { Scanner } from "./scanner.ts";

/** RFC 9110 §8.8.3.2: strong for what depends on equal octets (ranges, updates), weak for "still good enough". */
export type Comparison = "strong" | "weak";

/** An entity tag: its opaque text without the quotes, and whether it is weak. RFC 9110 §8.8.3. */
export interface EntityTag {
  readonly opaque: string;
  readonly weak: boolean;
}

/** Parses `"xyzzy"` or `W/"xyzzy"`; `undefined` for anything else. */
export function parseEntityTag(text: string): EntityTag | undefined {
  if (endOfEntityTag(text, 0) !== text.length) return undefined;
  const weak = isWeak(text);
  return { opaque: text.slice(weak ? 3 : 1, -1), weak };
}

/**
 * The wire form of an entity tag: `"xyzzy"`, or `W/"xyzzy"` when weak.
 *
 * @throws TypeError when `opaque` has a quote, a space, a control or a character above U+00FF
 */
export function formatEntityTag(opaque: string, weak = false): string {
  for (let index = 0; index < opaque.length; index++) {
    if (!isEntityTagChar(opaque.charCodeAt(index))) {
      throw new TypeError(`Cannot use ${JSON.stringify(opaque)} as an entity tag: it has a quote, space or control`);
    }
  }
  return weak ? `W/"${opaque}"` : `"${opaque}"`;
}

/** Compares two entity tags in wire form. RFC 9110 §8.8.3.2. */
export function entityTagsMatch(a: string, b: string, comparison: Comparison): boolean {
  if (comparison === "strong") return a === b && !isWeak(a);
  return a.slice(isWeak(a) ? 2 : 0) === b.slice(isWeak(b) ? 2 : 0);
}

/** The elements of `If-Match` or `If-None-Match` in wire form, `"*"`, or `undefined` when malformed. */
export function parseEntityTags(value: string): string[] | "*" | undefined {
  if (value === "*") return "*";
  const scanner = new Scanner(value);
  const tags: string[] = [];
  while (scanner.nextElement()) {
    const end = endOfEntityTag(value, scanner.position);
    if (end === -1) return undefined;
    tags.push(value.slice(scanner.position, end));
    scanner.position = end;
  }
  return scanner.malformed || tags.length === 0 ? undefined : tags;
}

/**
 * Whether a list of entity tags (not `*`) has one that matches `etag`. A malformed list has none. Makes no strings.
 */
export function entityTagListHas(list: string, etag: string, comparison: Comparison): boolean {
  if (comparison === "strong" && isWeak(etag)) return false;
  if (list === etag) return true;
  const opaque = isWeak(etag) ? etag.slice(2) : etag;
  const scanner = new Scanner(list);
  let found = false;
  while (scanner.nextElement()) {
    const start = scanner.position;
    const end = endOfEntityTag(list, start);
    if (end === -1) return false;
    const weak = list.charCodeAt(start) !== 0x22;
    const opaqueStart = weak ? start + 2 : start;
    if (end - opaqueStart === opaque.length && !(weak && comparison === "strong")) {
      found ||= list.startsWith(opaque, opaqueStart);
    }
    scanner.position = end;
  }
  return found && !scanner.malformed;
}

/** Where the entity tag that begins at `start` ends, or -1 when none does. `W` is in upper case, without spaces. */
export function endOfEntityTag(text: string, start: number): number {
  let index = text.startsWith("W/", start) ? start + 2 : start;
  if (text.charCodeAt(index++) !== 0x22) return -1;
  while (isEntityTagChar(text.charCodeAt(index))) index++;
  return text.charCodeAt(index) === 0x22 ? index + 1 : -1;
}

function isWeak(etag: string): boolean {
  return etag.charCodeAt(0) === 0x57;
}

/** etagc: visible characters but the quote, and obs-text. There is no escape in an entity tag. */
function isEntityTagChar(code: number): boolean {
  return code > 0x20 && code !== 0x22 && code !== 0x7f && code <= 0xff;
}
