import { isToken, lowerAscii } from "../../base/ascii.ts";
import { MillraceError } from "../../base/errors.ts";

/** Which other origins may do what at a path and all below it. */
export interface CorsRule {
  readonly path: string | readonly string[];
  /**
   * Origins such as `"https://app.example"`, a test, or `"*"` for all, which excludes credentials.
   *
   * Danger: with `credentials`, a test that says yes to all lets every site act as the user who visits it.
   */
  readonly origins: "*" | readonly string[] | ((origin: string) => boolean);
  /** Methods beside GET, HEAD and POST. Default: none. */
  readonly methods?: readonly string[];
  /** Header fields that requests may have beside those that forms can send; `"*"` for all. Default: none. */
  readonly headers?: "*" | readonly string[];
  /** Whether cookies and other credentials are sent. Default false. */
  readonly credentials?: boolean;
  /** Seconds that browsers remember what is allowed. Default 600. */
  readonly maxAge?: number;
  /** Response fields that scripts may read beside the few that they always may. Default: none. */
  readonly expose?: readonly string[];
}

/** A rule as it is asked. */
export interface ParsedRule {
  readonly path: string | readonly string[];
  /** The value of Access-Control-Allow-Origin for an origin; undefined when it is not allowed. */
  readonly allow: (origin: string) => string | undefined;
  /** Whether the answer depends on the origin, so that no cache may give one origin's to another. */
  readonly varies: boolean;
  readonly methods: readonly string[];
  /** In lower case. */
  readonly headers: "*" | readonly string[];
  readonly credentials: boolean;
  readonly maxAge: number;
  readonly expose: string;
}

/** Fetch §2.2.1: allowed everywhere. */
const SAFELISTED = ["GET", "HEAD", "POST"];

/** @throws MillraceError `BAD_OPTION` */
export function parseRule(rule: CorsRule): ParsedRule {
  const { path, origins, methods = [], headers = [], credentials = false, maxAge = 600, expose = [] } = rule;
  if (origins === "*" && credentials) {
    throw bad(
      "A rule of cors allows every origin with credentials.",
      "Name the origins; browsers refuse the wildcard.",
    );
  }
  for (const name of [...methods, ...(headers === "*" ? [] : headers), ...expose]) {
    if (!isToken(name)) throw bad(`A rule of cors has ${JSON.stringify(name)}, which is no token.`);
  }
  if (!(maxAge >= 0 && Number.isInteger(maxAge))) throw bad(`A rule of cors has maxAge ${maxAge}: seconds are meant.`);
  if (Array.isArray(origins)) origins.forEach(checkOrigin);
  return {
    path,
    allow: allowing(origins),
    varies: origins !== "*",
    methods: [...new Set([...SAFELISTED, ...methods])],
    headers: headers === "*" ? "*" : headers.map(lowerAscii),
    credentials,
    maxAge,
    expose: expose.join(", "),
  };
}

function allowing(origins: CorsRule["origins"]): ParsedRule["allow"] {
  if (origins === "*") return () => "*";
  if (typeof origins === "function") return (origin) => (origins(origin) ? origin : undefined);
  const allowed = new Set(origins);
  return (origin) => (allowed.has(origin) ? origin : undefined);
}

/** HTML §7.1.1: origins are compared as they are serialised. One that no browser sends would allow nobody. */
function checkOrigin(origin: string): void {
  if (origin === "null" || (URL.canParse(origin) && serialised(new URL(origin)) === origin)) return;
  const hint = URL.canParse(origin) ? `Browsers send ${serialised(new URL(origin))}.` : "Write scheme, host and port.";
  throw bad(`A rule of cors has the origin ${JSON.stringify(origin)}, which no browser sends.`, hint);
}

/** Extensions of browsers have schemes that the URL standard gives no origin. */
function serialised(url: URL): string {
  return url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin;
}

function bad(message: string, hint?: string): MillraceError {
  return new MillraceError("BAD_OPTION", message, { hint });
}
