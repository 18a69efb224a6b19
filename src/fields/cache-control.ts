import { lowerAscii } from "../base/ascii.ts";
import { parseDeltaSeconds } from "./delta-seconds.ts";
import { Scanner } from "./scanner.ts";
import { parseTokenList } from "./token-list.ts";

const DQUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;

const MAX_REMEMBERED = 64;
const MAX_REMEMBERED_LENGTH = 256;

/**
 * The directives of `Cache-Control`, of requests and responses alike. RFC 9111 §5.2, RFC 5861, RFC 8246.
 *
 * Times are whole seconds, at most 2^31. A time that is there but is no number is 0: RFC 9111 §4.2.1 wants such a
 * response to be stale, and 0 is the strictest reading of all the others.
 */
export interface CacheControl {
  readonly noStore: boolean;
  /** A list (never empty) holds the field names, in lower case, that alone must not be reused without validation. */
  readonly noCache: boolean | readonly string[];
  /** A list (never empty) holds the field names, in lower case, that alone must not be stored by a shared cache. */
  readonly isPrivate: boolean | readonly string[];
  readonly isPublic: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  readonly noTransform: boolean;
  readonly immutable: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge: number | undefined;
  readonly sMaxage: number | undefined;
  readonly staleWhileRevalidate: number | undefined;
  readonly staleIfError: number | undefined;
  readonly minFresh: number | undefined;
  /** `true` when a stale response of any age will do. */
  readonly maxStale: number | true | undefined;
}

/** What a message without the field says. */
export const NO_CACHE_CONTROL: CacheControl = Object.freeze({
  noStore: false,
  noCache: false,
  isPrivate: false,
  isPublic: false,
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  noTransform: false,
  immutable: false,
  onlyIfCached: false,
  maxAge: undefined,
  sMaxage: undefined,
  staleWhileRevalidate: undefined,
  staleIfError: undefined,
  minFresh: undefined,
  maxStale: undefined,
});

/** An argument as it came: the text of a token or a quoted string, `true` without one, null when it is malformed. */
export type Argument = string | true | null;

/** Directives while they are collected. */
export type Draft = { -readonly [Name in keyof CacheControl]: CacheControl[Name] };

const DELTAS = new Map<
  string,
  "maxAge" | "sMaxage" | "staleWhileRevalidate" | "staleIfError" | "minFresh" | "maxStale"
>([
  ["max-age", "maxAge"],
  ["s-maxage", "sMaxage"],
  ["stale-while-revalidate", "staleWhileRevalidate"],
  ["stale-if-error", "staleIfError"],
  ["min-fresh", "minFresh"],
  ["max-stale", "maxStale"],
]);

/** Directives that forbid: whatever stands around them, they count. */
const RESTRICTIONS = new Map<string, "noStore" | "mustRevalidate" | "proxyRevalidate" | "noTransform" | "onlyIfCached">(
  [
    ["no-store", "noStore"],
    ["must-revalidate", "mustRevalidate"],
    ["proxy-revalidate", "proxyRevalidate"],
    ["no-transform", "noTransform"],
    ["only-if-cached", "onlyIfCached"],
  ],
);

/** Directives that allow: they have to be well-formed. */
const PERMISSIONS = new Map<string, "isPublic" | "mustUnderstand" | "immutable">([
  ["public", "isPublic"],
  ["must-understand", "mustUnderstand"],
  ["immutable", "immutable"],
]);

const FIELD_NAMES = new Map<string, "noCache" | "isPrivate">([
  ["no-cache", "noCache"],
  ["private", "isPrivate"],
]);

/** Origins send few different values: the last ones read. */
const remembered = new Map<string, CacheControl>();

/**
 * The directives of a `Cache-Control` field, its lines joined by commas; `NO_CACHE_CONTROL` for null.
 *
 * Names ignore case and an argument may be a token or a quoted string. Of two different times the first counts (RFC
 * 9111 §4.2.1). Malformed text can take freshness away, never give it: `max-age = 60` is 0, `public; no-store` is
 * `no-store` and not `public`.
 *
 * ```ts
 * parseCacheControl('max-age=60, no-cache="set-cookie"') // { maxAge: 60, noCache: ["set-cookie"], … }
 * ```
 */
export function parseCacheControl(value: string | null): CacheControl {
  if (value === null) return NO_CACHE_CONTROL;
  const known = remembered.get(value);
  if (known !== undefined) return known;
  const parsed = Object.freeze(read(value));
  if (value.length <= MAX_REMEMBERED_LENGTH) {
    if (remembered.size === MAX_REMEMBERED) remembered.delete(remembered.keys().next().value ?? "");
    remembered.set(value, parsed);
  }
  return parsed;
}

function read(value: string): Draft {
  const draft: Draft = { ...NO_CACHE_CONTROL };
  const scanner = new Scanner(value);
  let isWhole = true; // nothing but whitespace stands between the last comma and the cursor
  let quotesHold = true; // after one that does not end nobody knows what is inside quotes
  while (!scanner.done) {
    scanner.skipOws();
    const name = scanner.token();
    if (name !== "") {
      let argument: Argument = true;
      if (scanner.eat(EQUALS)) argument = (quotesHold ? scanner.tokenOrQuotedString() : undefined) ?? null;
      addDirective(draft, lowerAscii(name), isWhole && scanner.atElementEnd() ? argument : null);
      isWhole = false;
    } else if (scanner.eat(COMMA)) {
      isWhole = quotesHold;
    } else {
      isWhole = false;
      if (quotesHold && scanner.peek() === DQUOTE && scanner.quotedString() !== undefined) continue;
      if (scanner.peek() === DQUOTE) quotesHold = false;
      scanner.position++;
    }
  }
  return draft;
}

/** Takes one directive (its name in lower case) into the draft; unknown ones are ignored. RFC 9111 §5.2.3. */
export function addDirective(draft: Draft, name: string, argument: Argument): void {
  const delta = DELTAS.get(name);
  if (delta !== undefined) {
    if (draft[delta] !== undefined) return;
    // RFC 9111 §5.2.1.2: without an argument a response may be stale for any time.
    if (delta === "maxStale" && argument === true) draft.maxStale = true;
    else draft[delta] = typeof argument === "string" ? (parseDeltaSeconds(argument) ?? 0) : 0;
    return;
  }
  const restriction = RESTRICTIONS.get(name);
  if (restriction !== undefined) draft[restriction] = true;
  const permission = PERMISSIONS.get(name);
  if (permission !== undefined && argument !== null) draft[permission] = true;
  const fieldNames = FIELD_NAMES.get(name);
  if (fieldNames !== undefined) draft[fieldNames] = joinFieldNames(draft[fieldNames], argument);
}

/** Whether the argument of a directive is a number of seconds. */
export function takesSeconds(name: string): boolean {
  return DELTAS.has(name);
}

/** RFC 9111 §5.2.2.4, §5.2.2.7: the form without field names is the stricter one, and the one for what is malformed. */
function joinFieldNames(before: boolean | readonly string[], argument: Argument): true | readonly string[] {
  if (before === true || typeof argument !== "string") return true;
  const names = parseTokenList(argument);
  if (names === undefined || names.length === 0 || names.includes("")) return true;
  return before === false ? names : [...before, ...names];
}
