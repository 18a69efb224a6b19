import { TOKEN_CHAR } from "../../base/ascii.ts";
import { fault, type SyntaxFault } from "../fault.ts";
import type { FieldSection } from "./field-section.ts";
import { FramingFields } from "./framing.ts";
import { COLON, CR, HTAB, LF, LOWER, SP, TARGET_CHAR, VALUE_CHAR } from "../octets.ts";

/** Limits of a head; every number in octets but `fields`. */
export interface HeadLimits {
  /** The request line; 414 above. */
  readonly line: number;
  /** Request line and header section together; 431 above. */
  readonly head: number;
  /** Field lines; 431 above. */
  readonly fields: number;
}

const NOT_TOKEN = fault(400, "The method is not a token");
const LONG_METHOD = fault(400, "The method is too long");
const BAD_TARGET = fault(400, "The request target holds an octet that is not allowed there");
const NO_TARGET = fault(400, "The request line has no target");
const LONG_LINE = fault(414, "The request line is too long");
const BAD_VERSION = fault(400, "The request line does not end with an HTTP version");
/** The third word of the line is of no version of HTTP, in whatever case: perhaps of another protocol. */
export const NOT_HTTP: SyntaxFault = fault(400, BAD_VERSION.reason);
export const OTHER_VERSION: SyntaxFault = fault(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here");
const BARE_CR = fault(400, "A CR is not followed by LF");
const BAD_NAME = fault(400, "A field name is not a token directly followed by a colon");
const FOLDED = fault(400, "A field line is folded or starts with white space");
const BAD_VALUE = fault(400, "A field value holds a control character");
const LONG_HEAD = fault(431, "The header section is too large");
const MANY_FIELDS = fault(431, "The header section has too many fields");

/** Longest method read; the longest registered one has 17 octets. */
const METHOD_LIMIT = 32;

/** What the parser expects next. */
const START = 0;
const START_LF = 1;
const METHOD = 2;
const TARGET = 3;
const VERSION = 4;
const LINE_LF = 5;
const FIELD = 6;
const NAME = 7;
const BEFORE_VALUE = 8;
const VALUE = 9;
const VALUE_LF = 10;
const END_LF = 11;

/** "HTTP/", the major version that is spoken here, "." */
const VERSION_PREFIX = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e];
const MAJOR = 5;

/** Octets of "HTTP". */
const NAME_LENGTH = 4;

/**
 * Reads one request head (or trailer section) octet by octet, however it is cut into pieces, and checks all of it.
 *
 * Every octet is looked at once. Offsets count from the first octet given, so a caller that had to keep an incomplete
 * head calls again with everything so far and the same start. One parser serves any number of heads: `reset` between.
 */
export class HeadParser {
  readonly #limits: HeadLimits;
  #state = START;
  #scanned = 0;
  #fields = 0;
  #nameStart = 0;
  #valueStart = 0;
  #versionAt = 0;
  #otherMajor = false;
  /** RFC 9110 §6.5.1: nothing in a trailer section may frame a message. */
  #inTrailers = false;

  /** Where the method starts; an empty line before the request line is skipped. */
  methodStart = 0;
  methodEnd = 0;
  targetEnd = 0;
  /** Where the first field line starts; the empty line starts two octets before the end of the head. */
  fieldsStart = 0;
  /** 0 or 1: the minor version, 1 for every later one. RFC 9110 §2.5. */
  minor = 1;
  /** Fields that decide how the message is framed and the connection used. */
  framing: FramingFields = new FramingFields();
  /** The header section, when it is the one that `parse` was told of. */
  section: FieldSection | undefined = undefined;
  /** Why the head is refused, once `parse` has returned -1. */
  fault: SyntaxFault | undefined = undefined;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
  }

  /** Makes ready for the next head. */
  reset(): void {
    this.#state = START;
    this.#scanned = 0;
    this.#fields = 0;
    this.methodStart = 0;
    this.minor = 1;
    this.framing.reset();
    this.section = undefined;
    this.fault = undefined;
  }

  /** Makes ready for a trailer section, which has the form of a header section. RFC 9112 §7.1.2. */
  resetForTrailers(): void {
    this.reset();
    this.#state = FIELD;
    this.#inTrailers = true;
  }

  /** Whether the method is HEAD, of a head that may have been refused further on. */
  isForHead(octets: Buffer, start: number): boolean {
    return (
      this.#state > METHOD && octets.toString("latin1", start + this.methodStart, start + this.methodEnd) === "HEAD"
    );
  }

  /**
   * Reads on.
   *
   * @param octets where the head is
   * @param start where it starts; the same octets as in the call before, however far they have moved
   * @param end where what has arrived ends
   * @param known a header section that may well come again
   * @returns the offset after the head when it is complete, 0 when it is not, -1 when it is refused (see `fault`)
   */
  parse(octets: Buffer, start: number, end: number, known?: FieldSection): number {
    let at = start + this.#scanned;
    const last = Math.min(end, start + this.#limits.head);
    const lineLimit = start + this.#limits.line;
    for (;;) {
      switch (this.#state) {
        case VALUE: {
          while (at < last && VALUE_CHAR[octets[at]!] === 1) at++;
          if (at === last) return this.#pause(octets, start, at, end);
          if (octets[at] !== CR) return this.#refuse(BAD_VALUE);
          if (!this.#inTrailers) {
            const refused = this.framing.field(octets, start, start + this.#nameStart, start + this.#valueStart, at);
            if (refused !== undefined) return this.#refuse(refused);
          }
          at++;
          this.#state = VALUE_LF;
          continue;
        }
        case VALUE_LF:
          if (at === last) return this.#pause(octets, start, at, end);
          if (octets[at] !== LF) return this.#refuse(BARE_CR);
          at++;
          this.#state = FIELD;
          continue;
        case FIELD: {
          if (at === last) return this.#pause(octets, start, at, end);
          const octet = octets[at]!;
          if (octet === CR) {
            at++;
            this.#state = END_LF;
            continue;
          }
          // RFC 9112 §5.2: obs-fold, refused as the RFC asks of a server.
          if (octet === SP || octet === HTAB) return this.#refuse(FOLDED);
          if (++this.#fields > this.#limits.fields) return this.#refuse(MANY_FIELDS);
          this.#nameStart = at - start;
          this.#state = NAME;
          continue;
        }
        case NAME:
          while (at < last && TOKEN_CHAR[octets[at]!] === 1) at++;
          if (at === last) return this.#pause(octets, start, at, end);
          // RFC 9112 §5.1: no white space between name and colon.
          if (octets[at] !== COLON || at === start + this.#nameStart) return this.#refuse(BAD_NAME);
          at++;
          this.#state = BEFORE_VALUE;
          continue;
        case BEFORE_VALUE:
          while (at < last && (octets[at] === SP || octets[at] === HTAB)) at++;
          if (at === last) return this.#pause(octets, start, at, end);
          this.#valueStart = at - start;
          this.#state = VALUE;
          continue;
        case END_LF:
          if (at === last) return this.#pause(octets, start, at, end);
          if (octets[at] !== LF) return this.#refuse(BARE_CR);
          return at + 1;
        case START: {
          if (at === last) return this.#pause(octets, start, at, end);
          // RFC 9112 §2.2: one empty line before the request line is ignored.
          if (octets[at] === CR && at === start) {
            at++;
            this.#state = START_LF;
            continue;
          }
          this.methodStart = at - start;
          this.#state = METHOD;
          continue;
        }
        case START_LF:
          if (at === last) return this.#pause(octets, start, at, end);
          if (octets[at] !== LF) return this.#refuse(BARE_CR);
          at++;
          this.#state = START;
          continue;
        case METHOD: {
          const limit = start + this.methodStart + METHOD_LIMIT;
          while (at < last && at <= limit && TOKEN_CHAR[octets[at]!] === 1) at++;
          if (at > limit) return this.#refuse(LONG_METHOD);
          if (at === last) return this.#pause(octets, start, at, end);
          if (octets[at] !== SP || at === start + this.methodStart) return this.#refuse(NOT_TOKEN);
          this.methodEnd = at - start;
          at++;
          this.#state = TARGET;
          continue;
        }
        case TARGET: {
          const limit = Math.min(last, lineLimit);
          while (at < limit && TARGET_CHAR[octets[at]!] === 1) at++;
          if (at >= lineLimit) return this.#refuse(LONG_LINE);
          if (at === last) return this.#pause(octets, start, at, end);
          if (octets[at] !== SP) return this.#refuse(octets[at] === CR ? BAD_VERSION : BAD_TARGET);
          if (at === start + this.methodEnd + 1) return this.#refuse(NO_TARGET);
          this.targetEnd = at - start;
          at++;
          this.#versionAt = 0;
          this.#otherMajor = false;
          this.#state = VERSION;
          continue;
        }
        case VERSION: {
          if (at === last) return this.#pause(octets, start, at, end);
          const octet = octets[at]!;
          if (!this.#version(octet)) return -1;
          at++;
          if (octet === CR) this.#state = LINE_LF;
          continue;
        }
        default: // LINE_LF
          if (at === last) return this.#pause(octets, start, at, end);
          if (octets[at] !== LF) return this.#refuse(BARE_CR);
          at++;
          this.fieldsStart = at - start;
          if (known?.isAt(octets, at, last) === true) {
            this.section = known;
            return at + known.length;
          }
          this.#state = FIELD;
          continue;
      }
    }
  }

  /** RFC 9112 §2.3: HTTP-version = "HTTP/" DIGIT "." DIGIT, case-sensitive, and then the end of the line. */
  #version(octet: number): boolean {
    const at = this.#versionAt++;
    const isDigit = octet >= 0x30 && octet <= 0x39;
    if (at < VERSION_PREFIX.length) {
      if (octet === VERSION_PREFIX[at]) return true;
      if (at === MAJOR && isDigit) {
        this.#otherMajor = true;
        return true;
      }
      if (at < NAME_LENGTH && (octet | LOWER) !== (VERSION_PREFIX[at]! | LOWER)) {
        this.fault = NOT_HTTP;
        return false;
      }
    } else if (at === VERSION_PREFIX.length && isDigit) {
      this.minor = octet === 0x30 ? 0 : 1;
      return true;
    } else if (at === VERSION_PREFIX.length + 1 && octet === CR && !this.#otherMajor) return true;
    // Another major version is a version only when it is one to its end.
    this.fault = at === VERSION_PREFIX.length + 1 && octet === CR ? OTHER_VERSION : BAD_VERSION;
    return false;
  }

  #pause(octets: Buffer, start: number, at: number, end: number): number {
    this.#scanned = at - start;
    if (at === end && this.#scanned < this.#limits.head) return 0;
    const inLine = this.#state <= LINE_LF;
    return this.#refuse(inLine ? LONG_LINE : LONG_HEAD);
  }

  #refuse(reason: SyntaxFault): -1 {
    this.fault = reason;
    return -1;
  }
}
