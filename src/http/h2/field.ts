import { TOKEN_CHAR } from "../../base/ascii.ts";
import { VALUE_CHAR } from "../octets.ts";

/** What a field is to a request; pseudo-header fields come first. */
export const METHOD = 1;
export const SCHEME = 2;
export const PATH = 3;
export const AUTHORITY = 4;
export const PROTOCOL = 5;
/** An ordinary field, and those that decide something. */
export const ORDINARY = 6;
export const COOKIE = 7;
export const CONTENT_LENGTH = 8;
export const HOST = 9;
export const CONDITION = 10;
export const EXPECT = 11;
export const PRIORITY = 12;
/** What no request may have: a bad name or value, or a field that belongs to a connection. */
export const MALFORMED = 13;

const KINDS = new Map<string, number>([
  [":method", METHOD],
  [":scheme", SCHEME],
  [":path", PATH],
  [":authority", AUTHORITY],
  [":protocol", PROTOCOL],
  ["cookie", COOKIE],
  ["content-length", CONTENT_LENGTH],
  ["host", HOST],
  ["range", CONDITION],
  ["if-match", CONDITION],
  ["if-none-match", CONDITION],
  ["if-modified-since", CONDITION],
  ["if-unmodified-since", CONDITION],
  ["if-range", CONDITION],
  ["expect", EXPECT],
  ["priority", PRIORITY],
  // RFC 9113 §8.2.2: a request that has one of these is malformed.
  ["connection", MALFORMED],
  ["proxy-connection", MALFORMED],
  ["keep-alive", MALFORMED],
  ["transfer-encoding", MALFORMED],
  ["upgrade", MALFORMED],
]);

const SPACE = 0x20;
const TAB = 0x09;
const PSEUDO = 0x3a;

/**
 * A field that has come: judged once, when it is decoded, and then looked up in the table as often as it is repeated.
 */
export class Field {
  readonly name: string;
  readonly value: string;
  /** One of the constants above. */
  readonly kind: number;
  #line: string | undefined;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.kind = kindOf(name, value);
    this.#line = undefined;
  }

  /** `name: value CRLF`, the form in which a request holds what it may never be asked for. */
  get line(): string {
    return (this.#line ??= `${this.name}: ${this.value}\r\n`);
  }
}

function kindOf(name: string, value: string): number {
  if (!isValue(value)) return MALFORMED;
  const kind = KINDS.get(name);
  if (kind !== undefined) return kind;
  if (!isName(name)) return MALFORMED;
  // RFC 9113 §8.2.2: TE may say trailers and nothing else.
  return name === "te" && value !== "trailers" ? MALFORMED : ORDINARY;
}

/** RFC 9113 §8.2.1: a token without capital letters; §8.3: no pseudo-header field but those that are known. */
function isName(name: string): boolean {
  if (name === "") return false;
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    if (code === PSEUDO || TOKEN_CHAR[code] !== 1 || (code >= 0x41 && code <= 0x5a)) return false;
  }
  return true;
}

/** RFC 9113 §8.2.1: no NUL, CR, LF, no white space at either end; RFC 9110 §5.5: nor other control characters. */
function isValue(value: string): boolean {
  if (value === "") return true;
  for (let index = 0; index < value.length; index++) if (VALUE_CHAR[value.charCodeAt(index)] !== 1) return false;
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
