import { hexDigit, TOKEN_CHAR } from "../../base/ascii.ts";
import { fault, type SyntaxFault } from "../fault.ts";
import { BACKSLASH, CR, EQUALS, LF, QUOTE, SEMICOLON, VALUE_CHAR } from "../octets.ts";

const BAD_SIZE = fault(400, "A chunk size is not 1 to 16 hexadecimal digits");
const HUGE_SIZE = fault(413, "A chunk is larger than any content may be");
const BAD_EXTENSION = fault(400, "A chunk extension is not well formed");
const LONG_EXTENSION = fault(400, "Chunk extensions are too long");
const BAD_LINE_END = fault(400, "A chunk line does not end with CR LF");
const BAD_DATA_END = fault(400, "Chunk data does not end with CR LF");
const WASTEFUL = fault(400, "The chunks carry too little data for their framing");

const SIZE_DIGITS = 16;
/** Octets of extensions on one line and in one body: CVE-2023-39326, CVE-2024-22019. */
const EXTENSION_LINE = 256;
const EXTENSION_TOTAL = 4096;
/** Beyond this many octets of framing, data must be at least a sixteenth of what came. */
const FREE_FRAMING = 64 * 1024;

const SIZE = 0;
const EXTENSION_START = 1;
const EXTENSION_NAME = 2;
const EXTENSION_VALUE = 3;
const EXTENSION_TOKEN = 4;
const EXTENSION_QUOTED = 5;
const EXTENSION_ESCAPE = 6;
const EXTENSION_AFTER = 7;
const SIZE_LF = 8;
const DATA = 9;
const DATA_CR = 10;
const DATA_LF = 11;
const LAST = 12;

/**
 * Takes chunks apart, however they are cut into pieces. RFC 9112 §7.1.
 *
 * Line ends are CR LF and nothing else, extensions are checked against the grammar: readers that skipped them loosely
 * are how CVE-2025-55315 and its kin smuggled requests.
 */
export class ChunkedDecoder {
  #state = SIZE;
  #size = 0;
  #digits = 0;
  #extension = 0;
  #extensions = 0;
  #framing = 0;
  #data = 0;

  /** Why the body is refused, once `decode` has returned -1. */
  fault: SyntaxFault | undefined;

  /** Whether the last chunk has been read; what follows is the trailer section. */
  get complete(): boolean {
    return this.#state === LAST;
  }

  /**
   * Reads on until the last chunk is complete or nothing is left.
   *
   * @param onData called with the offsets of each piece of data
   * @returns the offset after what was read, or -1 when the body is refused (see `fault`)
   */
  decode(octets: Uint8Array, start: number, end: number, onData: (from: number, to: number) => void): number {
    let at = start;
    while (at < end) {
      if (this.#state === DATA) {
        const to = Math.min(end, at + this.#size);
        onData(at, to);
        this.#data += to - at;
        this.#size -= to - at;
        at = to;
        if (this.#size === 0) this.#state = DATA_CR;
        continue;
      }
      this.#framing++;
      if (!this.#step(octets[at]!)) return -1;
      at++;
      if (this.#state === LAST) return at;
    }
    if (this.#framing > FREE_FRAMING && this.#data * 16 < this.#framing) {
      this.fault = WASTEFUL;
      return -1;
    }
    return at;
  }

  #step(octet: number): boolean {
    switch (this.#state) {
      case SIZE:
        return this.#sizeOctet(octet);
      case SIZE_LF:
        if (octet !== LF) return this.#refuse(BAD_LINE_END);
        this.#state = this.#size === 0 ? LAST : DATA;
        return true;
      case DATA_CR:
        if (octet !== CR) return this.#refuse(BAD_DATA_END);
        this.#state = DATA_LF;
        return true;
      case DATA_LF:
        if (octet !== LF) return this.#refuse(BAD_DATA_END);
        this.#state = SIZE;
        this.#digits = 0;
        this.#extension = 0;
        return true;
      default:
        if (++this.#extension > EXTENSION_LINE || ++this.#extensions > EXTENSION_TOTAL) {
          return this.#refuse(LONG_EXTENSION);
        }
        return this.#extensionOctet(octet);
    }
  }

  #sizeOctet(octet: number): boolean {
    const digit = hexDigit(octet);
    if (digit >= 0) {
      if (++this.#digits > SIZE_DIGITS) return this.#refuse(BAD_SIZE);
      this.#size = this.#digits === 1 ? digit : this.#size * 16 + digit;
      return true;
    }
    if (this.#digits === 0) return this.#refuse(BAD_SIZE);
    if (this.#size > Number.MAX_SAFE_INTEGER) return this.#refuse(HUGE_SIZE);
    if (octet === SEMICOLON) this.#state = EXTENSION_START;
    else if (octet === CR) this.#state = SIZE_LF;
    else return this.#refuse(BAD_SIZE);
    return true;
  }

  /** RFC 9112 §7.1.1: chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] ), without the optional white space. */
  #extensionOctet(octet: number): boolean {
    switch (this.#state) {
      case EXTENSION_START:
        this.#state = EXTENSION_NAME;
        return TOKEN_CHAR[octet] === 1 || this.#refuse(BAD_EXTENSION);
      case EXTENSION_NAME:
        return TOKEN_CHAR[octet] === 1 || this.#afterExtensionPart(octet, true);
      case EXTENSION_VALUE:
        if (octet === QUOTE) this.#state = EXTENSION_QUOTED;
        else if (TOKEN_CHAR[octet] === 1) this.#state = EXTENSION_TOKEN;
        else return this.#refuse(BAD_EXTENSION);
        return true;
      case EXTENSION_TOKEN:
        return TOKEN_CHAR[octet] === 1 || this.#afterExtensionPart(octet, false);
      case EXTENSION_QUOTED:
        if (octet === QUOTE) this.#state = EXTENSION_AFTER;
        else if (octet === BACKSLASH) this.#state = EXTENSION_ESCAPE;
        else if (VALUE_CHAR[octet] !== 1) return this.#refuse(BAD_EXTENSION);
        return true;
      case EXTENSION_ESCAPE:
        this.#state = EXTENSION_QUOTED;
        return VALUE_CHAR[octet] === 1 || this.#refuse(BAD_EXTENSION);
      default: // EXTENSION_AFTER
        return this.#afterExtensionPart(octet, false);
    }
  }

  #afterExtensionPart(octet: number, mayHaveValue: boolean): boolean {
    if (octet === SEMICOLON) this.#state = EXTENSION_START;
    else if (octet === EQUALS && mayHaveValue) this.#state = EXTENSION_VALUE;
    else if (octet === CR) this.#state = SIZE_LF;
    else return this.#refuse(BAD_EXTENSION);
    return true;
  }

  #refuse(reason: SyntaxFault): false {
    this.fault = reason;
    return false;
  }
}
