/** A place in a source file, 1-based. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What {@link MillraceError} is made of. */
export interface MillraceErrorInit {
  /** What to do about it, as one sentence. */
  readonly hint?: string | undefined;
  /** Where it was written. */
  readonly place?: SourcePlace | undefined;
  /** What caused it. */
  readonly cause?: unknown;
}

/**
 * A mistake in how the server is set up or used: says what happened, where, and what to do.
 *
 * `code` is stable and made for programs (`"PORT_IN_USE"`); `message` is made for people.
 */
export class MillraceError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly place: SourcePlace | undefined;

  constructor(code: string, message: string, init: MillraceErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "MillraceError";
    this.code = code;
    this.hint = init.hint;
    this.place = init.place;
  }
}

/** `file:line:column`, the form that terminals and editors turn into a link. */
export function formatPlace(place: SourcePlace): string {
  return `${place.file}:${place.line}:${place.column}`;
}

/** What the URL of a module has behind its path when it is loaded anew: `?millrace-version=3`. */
const VERSION = /[?&]millrace-version=\d+/g;

/** A text, such as a URL or a stack, without the versions of modules: with the names that files have. */
export function withoutVersion(text: string): string {
  return text.replace(VERSION, "");
}

/** A frame of Node itself has a path that begins with `node:`: it is no place of anybody's. */
const FRAME = /(?:^|[ (])((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/;
const OWN_SOURCE = new URL("..", import.meta.url).href;

/** Where the nearest caller outside millrace's own source stands, or undefined when it cannot be told. */
export function callerPlace(): SourcePlace | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  return firstPlace(stack);
}

/** Where in somebody's own code an error was made: the first frame outside millrace's source and packages. */
export function originOf(error: unknown): SourcePlace | undefined {
  return error instanceof Error ? firstPlace(error.stack ?? "", "/node_modules/") : undefined;
}

function firstPlace(stack: string, besides?: string): SourcePlace | undefined {
  for (const frame of stack.split("\n").slice(1)) {
    const match = FRAME.exec(frame);
    if (match === null) continue;
    const [, file = "", line = "0", column = "0"] = match;
    const url = file.startsWith("file:") ? file : `file://${file}`;
    if (url.startsWith(OWN_SOURCE) || (besides !== undefined && url.includes(besides))) continue;
    const path = withoutVersion(url).slice("file://".length);
    return { file: decodeURIComponent(path), line: +line, column: +column };
  }
  return undefined;
}
