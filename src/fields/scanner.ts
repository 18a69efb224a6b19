import { isTokenChar, lowerAscii } from "../base/ascii.ts";

const HTAB = 0x09;
const SP = 0x20;
const DQUOTE = 0x22;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** RFC 9110 §5.6.1.2: enough for the mistakes of senders that merge values, too few to keep a server busy. */
const MAX_EMPTY_ELEMENTS = 16;

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/**
 * A cursor over one field value that knows the common rules of RFC 9110 §5.6: tokens, quoted strings, parameters and
 * lists. The parsers of this folder are written on it. Reading never throws; what does not fit leaves the cursor where
 * it was or marks the list as malformed.
 *
 * ```ts
 * const scanner = new Scanner("a, b");
 * while (scanner.nextElement()) tokens.push(scanner.token());
 * if (scanner.malformed) return undefined;
 * ```
 */
export class Scanner {
  readonly text: string;
  position: number;
  /** Set by `nextElement` when an element is followed by something other than a comma, or too many are empty. */
  malformed = false;
  #inList = false;
  #emptyElements = 0;

  constructor(text: string, position = 0) {
    this.text = text;
    this.position = position;
  }

  get done(): boolean {
    return this.position >= this.text.length;
  }

  /** The character code under the cursor; NaN at the end, which equals nothing. */
  peek(): number {
    return this.text.charCodeAt(this.position);
  }

  /** Steps over `code` when it is under the cursor. */
  eat(code: number): boolean {
    if (this.peek() !== code) return false;
    this.position++;
    return true;
  }

  /** RFC 9110 §5.6.3: optional whitespace is SP and HTAB, nothing else. */
  skipOws(): void {
    for (let code = this.peek(); code === SP || code === HTAB; code = this.peek()) this.position++;
  }

  /** Steps over a token, if there is one. RFC 9110 §5.6.2. */
  skipToken(): void {
    while (isTokenChar(this.peek())) this.position++;
  }

  /** The token under the cursor, `""` when there is none. */
  token(): string {
    const start = this.position;
    this.skipToken();
    return this.text.slice(start, this.position);
  }

  /** The value of a run of digits, at most 2^53 − 1 however long the run; -1 when there is none. */
  decimal(): number {
    const start = this.position;
    let value = 0;
    for (let digit = this.peek() - 0x30; digit >= 0 && digit <= 9; digit = this.peek() - 0x30) {
      value = Math.min(value * 10 + digit, Number.MAX_SAFE_INTEGER);
      this.position++;
    }
    return this.position === start ? -1 : value;
  }

  /** The unescaped text of a quoted string, `undefined` when there is no whole one. RFC 9110 §5.6.4. */
  quotedString(): string | undefined {
    const start = this.position;
    if (!this.eat(DQUOTE)) return undefined;
    let unescaped = "";
    let from = this.position;
    for (; !this.done; this.position++) {
      const code = this.peek();
      if (code === DQUOTE) {
        unescaped += this.text.slice(from, this.position++);
        return unescaped;
      }
      if (code === BACKSLASH) {
        unescaped += this.text.slice(from, this.position++);
        from = this.position;
      }
      if (!isQuotable(this.peek())) break;
    }
    this.position = start;
    return undefined;
  }

  /** A token or the text of a quoted string, `undefined` when there is neither. */
  tokenOrQuotedString(): string | undefined {
    return this.peek() === DQUOTE ? this.quotedString() : this.token() || undefined;
  }

  /**
   * The parameters under the cursor, names in lower case; empty when there are none, `undefined` when one is
   * malformed. Of two with one name the first counts. RFC 9110 §5.6.6: no whitespace around `=`, `;` may stand alone.
   */
  parameters(): ReadonlyMap<string, string> | undefined {
    let parameters: Map<string, string> | undefined;
    while (this.nextParameter()) {
      const name = lowerAscii(this.token());
      if (name === "") continue;
      const value = this.eat(EQUALS) ? this.tokenOrQuotedString() : undefined;
      if (value === undefined) return undefined;
      parameters ??= new Map();
      if (!parameters.has(name)) parameters.set(name, value);
    }
    return parameters ?? NO_PARAMETERS;
  }

  /** Steps over `OWS ";" OWS`, or stays. */
  nextParameter(): boolean {
    const start = this.position;
    this.skipOws();
    if (!this.eat(SEMICOLON)) {
      this.position = start;
      return false;
    }
    this.skipOws();
    return true;
  }

  /** Moves to the next element of a list; false at its end and when it is malformed. RFC 9110 §5.6.1.2. */
  nextElement(): boolean {
    this.skipOws();
    if (this.#inList && !this.done && !this.eat(COMMA)) return this.#fail();
    this.#inList = true;
    for (this.skipOws(); this.eat(COMMA); this.skipOws()) {
      if (++this.#emptyElements > MAX_EMPTY_ELEMENTS) return this.#fail();
    }
    return !this.done;
  }

  /** Whether an element of a list ends under the cursor. */
  atElementEnd(): boolean {
    this.skipOws();
    return this.done || this.peek() === COMMA;
  }

  /** Steps over the rest of an element that could not be read; a comma inside quotes does not end it. */
  skipElement(): void {
    while (!this.done && this.peek() !== COMMA) {
      if (this.peek() !== DQUOTE) this.position++;
      // Nobody knows where a broken quoted string ends; looking again from each later quote would be quadratic.
      else if (this.quotedString() === undefined) this.position = this.text.length;
    }
  }

  #fail(): false {
    this.malformed = true;
    this.position = this.text.length;
    return false;
  }
}

/** Whether a code may stand in a quoted string, as itself or after a backslash: HTAB, SP, VCHAR, obs-text. */
export function isQuotable(code: number): boolean {
  return code === HTAB || (code >= SP && code <= 0xff && code !== 0x7f);
}
