import { TOKEN_CHAR } from "../../base/ascii.ts";
import { fault, type SyntaxFault } from "../fault.ts";
import { COLON, COMMA, DASH, HTAB, SP } from "../octets.ts";

const TWO_HOSTS = fault(400, "There is more than one Host field");
const NO_HOST = fault(400, "An HTTP/1.1 request needs a Host field");
const BAD_LENGTH = fault(400, "Content-Length is not a number of at most 15 digits");
const TWO_LENGTHS = fault(400, "There is more than one Content-Length field");
const BAD_CODING = fault(400, "Transfer-Encoding is not a single coding");
const TWO_CODINGS = fault(400, "There is more than one Transfer-Encoding field");
const UNKNOWN_CODING = fault(501, "The only transfer coding understood here is chunked");
const LENGTH_AND_CODING = fault(400, "A message has either Content-Length or Transfer-Encoding");
const CODING_IN_1_0 = fault(400, "HTTP/1.0 has no Transfer-Encoding");
const EXPECTATION = fault(417, "The only expectation understood here is 100-continue");

/** Most digits that Content-Length may have after its leading zeros: more than any file, less than 2^53. */
const MOST_DIGITS = 15;

/** `name` as a case-insensitive pattern of octets. */
function pattern(name: string): Uint8Array {
  return new TextEncoder().encode(name);
}

const HOST = pattern("host");
const EXPECT = pattern("expect");
const UPGRADE = pattern("upgrade");
const CONNECTION = pattern("connection");
const CONTENT_LENGTH = pattern("content-length");
const TRANSFER_ENCODING = pattern("transfer-encoding");
const RANGE = pattern("range");
const CHUNKED = pattern("chunked");
const CONTINUE = pattern("100-continue");
const CLOSE = pattern("close");
const KEEP_ALIVE = pattern("keep-alive");

/**
 * The fields that decide how a request is framed and how its connection goes on, read while the head is parsed.
 *
 * Strict where leniency lets two readers disagree about where a message ends: RFC 9112 §6 and §11.2.
 */
export class FramingFields {
  /** Offsets of the Host value from the start of the head, or -1. */
  hostStart = -1;
  hostEnd = -1;
  /** Content-Length, or -1 when there is none. */
  length = -1;
  /** Whether the message is chunked. */
  chunked = false;
  /** Connection options. RFC 9112 §9.6, §9.3; RFC 9110 §7.8. */
  close = false;
  keepAlive = false;
  upgrade = false;
  /** Whether an Upgrade field was there. */
  offersUpgrade = false;
  /** Whether there is the expectation 100-continue, which means nothing in HTTP/1.0. RFC 9110 §10.1.1. */
  expectsContinue = false;
  /** Whether there is Range or a precondition: without them a stored response can be sent as it is. RFC 9110 §13, §14. */
  isConditional = false;
  #otherExpectation = false;

  reset(): void {
    this.hostStart = -1;
    this.length = -1;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.offersUpgrade = false;
    this.expectsContinue = false;
    this.isConditional = false;
    this.#otherExpectation = false;
  }

  /**
   * Takes note of a field line whose syntax has been checked.
   *
   * @param start where the head starts
   * @param nameStart where the name starts; the colon is found by its length
   * @param end where the value ends, trailing white space included
   */
  field(
    octets: Uint8Array,
    start: number,
    nameStart: number,
    valueStart: number,
    end: number,
  ): SyntaxFault | undefined {
    // Most fields are of no interest: the first letter and the colon's place tell.
    switch (octets[nameStart]! | 0x20) {
      case 0x68: // h
        if (isName(octets, nameStart, HOST)) return this.#host(octets, start, valueStart, end);
        return undefined;
      case 0x63: // c
        if (isName(octets, nameStart, CONNECTION)) this.#connection(octets, valueStart, end);
        else if (isName(octets, nameStart, CONTENT_LENGTH)) return this.#length(octets, valueStart, end);
        return undefined;
      case 0x74: // t
        if (isName(octets, nameStart, TRANSFER_ENCODING)) return this.#coding(octets, valueStart, end);
        return undefined;
      case 0x65: // e
        if (isName(octets, nameStart, EXPECT)) {
          if (matches(octets, valueStart, trimEnd(octets, valueStart, end), CONTINUE)) this.expectsContinue = true;
          else this.#otherExpectation = true;
        }
        return undefined;
      case 0x75: // u
        if (isName(octets, nameStart, UPGRADE)) this.offersUpgrade = true;
        return undefined;
      case 0x69: // i: every name that begins with "if-" is a precondition
        if ((octets[nameStart + 1]! | 0x20) === 0x66 && octets[nameStart + 2] === DASH) this.isConditional = true;
        return undefined;
      case 0x72: // r
        if (isName(octets, nameStart, RANGE)) this.isConditional = true;
        return undefined;
      default:
        return undefined;
    }
  }

  /** What only the whole head can tell. */
  check(minor: number): SyntaxFault | undefined {
    // RFC 9112 §3.2: a request of HTTP/1.1 without Host is answered with 400.
    if (this.hostStart === -1 && minor === 1) return NO_HOST;
    if (this.chunked) {
      // RFC 9112 §6.1: both at once is an attack or an error, and HTTP/1.0 with a coding is faulty framing.
      if (this.length !== -1) return LENGTH_AND_CODING;
      if (minor === 0) return CODING_IN_1_0;
    }
    // RFC 9110 §10.1.1: in HTTP/1.0 there are no expectations.
    return this.#otherExpectation && minor === 1 ? EXPECTATION : undefined;
  }

  #host(octets: Uint8Array, start: number, valueStart: number, end: number): SyntaxFault | undefined {
    if (this.hostStart !== -1) return TWO_HOSTS;
    this.hostStart = valueStart - start;
    this.hostEnd = trimEnd(octets, valueStart, end) - start;
    return undefined;
  }

  #length(octets: Uint8Array, valueStart: number, valueEnd: number): SyntaxFault | undefined {
    // RFC 9112 §6.3: equal values may be merged; refusing them leaves nothing to disagree about.
    if (this.length !== -1) return TWO_LENGTHS;
    const end = trimEnd(octets, valueStart, valueEnd);
    let at = valueStart;
    while (at < end - 1 && octets[at] === 0x30) at++;
    if (at === end || end - at > MOST_DIGITS) return BAD_LENGTH;
    let length = 0;
    for (; at < end; at++) {
      const digit = octets[at]! - 0x30;
      if (digit < 0 || digit > 9) return BAD_LENGTH;
      length = length * 10 + digit;
    }
    this.length = length;
    return undefined;
  }

  #coding(octets: Uint8Array, start: number, valueEnd: number): SyntaxFault | undefined {
    if (this.chunked) return TWO_CODINGS;
    const end = trimEnd(octets, start, valueEnd);
    if (matches(octets, start, end, CHUNKED)) {
      this.chunked = true;
      return undefined;
    }
    // RFC 9112 §6.1: an unknown coding SHOULD be 501; what is no coding at all, or hides chunked in a list, is 400.
    for (let at = start; at < end; at++) if (TOKEN_CHAR[octets[at]!] !== 1) return BAD_CODING;
    return end === start ? BAD_CODING : UNKNOWN_CODING;
  }

  #connection(octets: Uint8Array, valueStart: number, end: number): void {
    let start = valueStart;
    for (let at = valueStart; at <= end; at++) {
      if (at < end && octets[at] !== COMMA) continue;
      while (start < at && isOws(octets[start]!)) start++;
      const optionEnd = trimEnd(octets, start, at);
      if (matches(octets, start, optionEnd, CLOSE)) this.close = true;
      else if (matches(octets, start, optionEnd, KEEP_ALIVE)) this.keepAlive = true;
      else if (matches(octets, start, optionEnd, UPGRADE)) this.upgrade = true;
      start = at + 1;
    }
  }
}

function isOws(octet: number): boolean {
  return octet === SP || octet === HTAB;
}

function trimEnd(octets: Uint8Array, start: number, end: number): number {
  let trimmed = end;
  while (trimmed > start && isOws(octets[trimmed - 1]!)) trimmed--;
  return trimmed;
}

function isName(octets: Uint8Array, start: number, name: Uint8Array): boolean {
  return octets[start + name.length] === COLON && matches(octets, start, start + name.length, name);
}

/**
 * ASCII case-insensitive comparison. `| 0x20` is enough: what it maps to a letter is that letter, and the names hold no
 * other character that a checked octet could be mapped to.
 */
function matches(octets: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    if ((octets[start + index]! | 0x20) !== (name[index]! | 0x20)) return false;
  }
  return true;
}
