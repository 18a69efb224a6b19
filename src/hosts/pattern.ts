import { MillraceError, type SourcePlace } from "../base/errors.ts";

/**
 * What a pattern captures: `Params<"/users/:id/*rest">` is `{ id: string; rest: string }`.
 *
 * Of a pattern that is only known when the program runs, it is any names.
 */
export type Params<P extends string> = string extends P
  ? Readonly<Record<string, string>>
  : { readonly [Name in NameIn<P>]: string };

// One step per name, not per segment: an app has hundreds of patterns, and each is resolved on every keystroke.
type NameIn<P extends string> = P extends `${string}/:${infer Name}/${infer Tail}`
  ? Name | NameIn<`/${Tail}`>
  : P extends `${string}/:${infer Name}`
    ? Name
    : P extends `${string}/*${infer Name}`
      ? Name extends ""
        ? "*"
        : Name
      : never;

/** One segment of a pattern. */
export interface PatternSegment {
  readonly kind: "literal" | "name" | "rest";
  /** The literal, or the name. */
  readonly text: string;
}

/** A value to take out of a path: the segment at `index`, or everything from it on. */
export interface Capture {
  readonly name: string;
  readonly index: number;
  readonly isRest: boolean;
}

/** A path pattern, checked. */
export interface Pattern {
  /** As it was written. */
  readonly source: string;
  readonly segments: readonly PatternSegment[];
  readonly captures: readonly Capture[];
  /** The pattern without its names: two patterns of one shape match the same paths. */
  readonly shape: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads a path pattern: literal segments, `:name` for one segment, and at the end `*name` or `*` for the rest.
 *
 * A pattern is compared with the canonical path, which is decoded and has no empty and no dot segments, so literals are
 * written as they read: `/très bon`. A final slash counts: `/a` and `/a/` are two patterns. A first segment `.` makes
 * an internal path that no client can ask for.
 *
 * @param place where the pattern was written, for messages
 * @throws MillraceError `BAD_PATTERN`
 */
export function parsePattern(source: string, place?: SourcePlace): Pattern {
  const refuse = (what: string, hint: string): MillraceError =>
    new MillraceError("BAD_PATTERN", `The pattern ${JSON.stringify(source)} ${what}`, { hint, place });
  if (!source.startsWith("/")) throw refuse("does not begin with a slash", `Write ${JSON.stringify(`/${source}`)}.`);
  const parts = source.slice(1).split("/");
  const segments = parts.map((part, index) => {
    const segment = segmentOf(part);
    const isLast = index === parts.length - 1;
    if (segment === undefined) {
      throw refuse(
        `has the segment ${JSON.stringify(part)}`,
        "A segment is a literal, :name as a whole, or at the end *name or *.",
      );
    }
    if (segment.kind === "rest" && !isLast) throw refuse(`has ${part} before its end`, `Put ${part} at the end.`);
    if (segment.kind === "literal") {
      const fault = faultOf(part, index, isLast);
      if (fault !== undefined) throw refuse(...fault);
    }
    return segment;
  });
  const captures = segments.flatMap(({ kind, text }, index) =>
    kind === "literal" ? [] : [{ name: text, index, isRest: kind === "rest" }],
  );
  const names = captures.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refuse(`has the name ${twice} twice`, "Give each name once.");
  return { source, segments, captures: shared(captures), shape: shapeOf(segments) };
}

/** Captures by what they say: a table of many routes looks at few lists, which stay in the processor's cache. */
const SHARED = new Map<string, readonly Capture[]>();

function shared(captures: readonly Capture[]): readonly Capture[] {
  const key = captures.map(({ name, index, isRest }) => `${name} ${index} ${isRest}`).join();
  const known = SHARED.get(key);
  if (known !== undefined) return known;
  if (SHARED.size < MOST_SHARED) SHARED.set(key, captures);
  return captures;
}

const MOST_SHARED = 1000;

function segmentOf(part: string): PatternSegment | undefined {
  const sign = part[0];
  if (sign !== ":" && sign !== "*") return /[:*]/.test(part) ? undefined : { kind: "literal", text: part };
  const name = part.slice(1);
  if (part === "*") return { kind: "rest", text: "*" };
  if (!NAME.test(name) || name === "__proto__") return undefined;
  return { kind: sign === ":" ? "name" : "rest", text: name };
}

/** Why no canonical path has this literal, and what to write instead. */
function faultOf(literal: string, index: number, isLast: boolean): [what: string, hint: string] | undefined {
  if (literal === "" && !isLast) return ["has an empty segment", "Take the doubled slash out."];
  if ((literal === "." && index > 0) || literal === "..") return ["has a dot segment", "Paths are resolved first."];
  if (/[?#]/.test(literal)) return ["has a query or a fragment", "A pattern is a path; read request.query instead."];
  if (/%[0-9a-f]{2}/i.test(literal)) return ["has a percent escape", "Paths are decoded first: write the character."];
  if (/\\/.test(literal)) return ["has a backslash", "No path that a client may ask for has one."];
  return undefined;
}

function shapeOf(segments: readonly PatternSegment[]): string {
  return segments.map(({ kind, text }) => `/${kind === "literal" ? text : kind === "name" ? ":" : "*"}`).join("");
}

/** The pattern of a route in something that is mounted: `/` in `/api` is `/api`. */
export function joinPattern(prefix: string, pattern: string): string {
  if (prefix === "/" || prefix === "") return pattern;
  const base = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  return pattern === "/" ? base : base + pattern;
}

/** Takes what a pattern captures out of a path that it matches. */
export function captured(captures: readonly Capture[], path: string): Record<string, string> {
  const params = new Captured();
  let index = 0;
  let start = 1;
  for (const capture of captures) {
    for (; index < capture.index; index++) start = path.indexOf("/", start) + 1;
    const end = capture.isRest ? -1 : path.indexOf("/", start);
    params[capture.name] = end === -1 ? path.slice(start) : path.slice(start, end);
  }
  return params;
}

/** An object without inherited members, so that a name like `constructor` is undefined when nothing captured it. */
const Captured = function () {} as unknown as new () => Record<string, string>;
Captured.prototype = Object.freeze(Object.create(null)) as Record<string, string>;
