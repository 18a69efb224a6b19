import { isTokenChar } from "../base/ascii.ts";

const HTAB = 0x09;
const SP = 0x20;
const DQUOTE = 0x22;
const PERCENT = 0x25;
const OPEN = 0x28;
const CLOSE = 0x29;
const ASTERISK = 0x2a;
const COMMA = 0x2c;
const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUESTION = 0x3f;
const AT = 0x40;
const BACKSLASH = 0x5c;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A value of one of the eight types. A date is in whole seconds since 1970. RFC 9651 §3.3. */
export type BareItem =
  | { readonly kind: "integer" | "decimal" | "date"; readonly value: number }
  | { readonly kind: "string" | "token" | "display"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  | { readonly kind: "boolean"; readonly value: boolean };

/** RFC 9651 §3.1.2. */
export type Parameters = ReadonlyMap<string, BareItem>;

/** RFC 9651 §3.3. */
export type Item = BareItem & { readonly parameters: Parameters };

/** RFC 9651 §3.1.1. */
export interface InnerList {
  readonly kind: "list";
  readonly value: readonly Item[];
  readonly parameters: Parameters;
}

/** RFC 9651 §3.2. */
export type Dictionary = ReadonlyMap<string, Item | InnerList>;

const NO_PARAMETERS: Parameters = new Map();

/** Thrown inside this file alone; who parses is told `undefined`. */
const MALFORMED = new Error("Malformed structured field");

/**
 * The members of a dictionary, the lines of its field joined by commas; undefined when it does not parse, as a whole.
 * RFC 9651 §4.2: parsing is strict, and nothing of a malformed field counts. An empty field is an empty dictionary.
 *
 * ```ts
 * parseDictionary("max-age=60, private")?.get("max-age") // { kind: "integer", value: 60, parameters: Map {} }
 * ```
 */
export function parseDictionary(value: string): Dictionary | undefined {
  return whole(value, (reader) => reader.dictionary());
}

/** The members of a list; undefined when it does not parse. RFC 9651 §4.2.1. */
export function parseList(value: string): readonly (Item | InnerList)[] | undefined {
  return whole(value, (reader) => reader.list());
}

/** A single item; undefined when it does not parse. RFC 9651 §4.2.3. */
export function parseItem(value: string): Item | undefined {
  return whole(value, (reader) => reader.item());
}

function whole<Structure>(value: string, read: (reader: Reader) => Structure): Structure | undefined {
  const reader = new Reader(value);
  try {
    reader.skipSpaces();
    const structure = read(reader);
    reader.skipSpaces();
    return reader.done ? structure : undefined;
  } catch (error) {
    if (error === MALFORMED) return undefined;
    throw error;
  }
}

/** The algorithms of RFC 9651 §4.2, one method each. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  skipSpaces(): void {
    while (this.#peek() === SP) this.#at++;
  }

  list(): readonly (Item | InnerList)[] {
    const members: (Item | InnerList)[] = [];
    while (!this.done) {
      members.push(this.#itemOrInnerList());
      if (!this.#nextMember()) break;
    }
    return members;
  }

  dictionary(): Dictionary {
    const members = new Map<string, Item | InnerList>();
    while (!this.done) {
      const key = this.#key();
      const member: Item | InnerList = this.#eat(EQUALS)
        ? this.#itemOrInnerList()
        : { kind: "boolean", value: true, parameters: this.#parameters() };
      members.set(key, member); // the last of a name counts, where the first stood
      if (!this.#nextMember()) break;
    }
    return members;
  }

  item(): Item {
    const bare = this.#bareItem();
    return { ...bare, parameters: this.#parameters() };
  }

  /** Steps over the comma between two members; false at the end. A comma must be followed by a member. */
  #nextMember(): boolean {
    this.#skipOws();
    if (this.done) return false;
    this.#expect(COMMA);
    this.#skipOws();
    if (this.done) throw MALFORMED;
    return true;
  }

  #itemOrInnerList(): Item | InnerList {
    return this.#peek() === OPEN ? this.#innerList() : this.item();
  }

  #innerList(): InnerList {
    this.#expect(OPEN);
    const items: Item[] = [];
    for (;;) {
      this.skipSpaces();
      if (this.#eat(CLOSE)) return { kind: "list", value: items, parameters: this.#parameters() };
      items.push(this.item());
      if (this.#peek() !== SP && this.#peek() !== CLOSE) throw MALFORMED;
    }
  }

  #parameters(): Parameters {
    let parameters: Map<string, BareItem> | undefined;
    while (this.#eat(SEMICOLON)) {
      this.skipSpaces();
      const key = this.#key();
      const value: BareItem = this.#eat(EQUALS) ? this.#bareItem() : { kind: "boolean", value: true };
      parameters ??= new Map();
      parameters.set(key, value);
    }
    return parameters ?? NO_PARAMETERS;
  }

  #key(): string {
    const first = this.#peek();
    if (!isLowerAlpha(first) && first !== ASTERISK) throw MALFORMED;
    const start = this.#at++;
    while (isKeyChar(this.#peek())) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #bareItem(): BareItem {
    const code = this.#peek();
    if (isDigit(code) || code === DASH) return this.#number();
    if (isAlpha(code) || code === ASTERISK) return { kind: "token", value: this.#token() };
    if (code === DQUOTE) return { kind: "string", value: this.#string() };
    if (code === QUESTION) return { kind: "boolean", value: this.#boolean() };
    if (code === COLON) return { kind: "bytes", value: this.#bytes() };
    if (code === AT) return this.#date();
    if (code === PERCENT) return { kind: "display", value: this.#displayString() };
    throw MALFORMED;
  }

  /** RFC 9651 §4.2.4: 15 digits, or 12 and at most 3 after the dot. */
  #number(): { readonly kind: "integer" | "decimal"; readonly value: number } {
    const sign = this.#eat(DASH) ? -1 : 1;
    let value = 0;
    let digits = 0;
    for (; isDigit(this.#peek()); digits++) value = value * 10 + this.#take() - 0x30;
    if (digits === 0) throw MALFORMED;
    if (!this.#eat(DOT)) {
      if (digits > 15) throw MALFORMED;
      return { kind: "integer", value: sign * value || 0 };
    }
    let decimals = 0;
    for (; isDigit(this.#peek()); decimals++) value = value * 10 + this.#take() - 0x30;
    if (digits > 12 || decimals === 0 || decimals > 3) throw MALFORMED;
    return { kind: "decimal", value: (sign * value) / 10 ** decimals };
  }

  #date(): BareItem {
    this.#expect(AT);
    const { kind, value } = this.#number();
    if (kind === "decimal") throw MALFORMED;
    return { kind: "date", value };
  }

  #token(): string {
    const start = this.#at++;
    for (let code = this.#peek(); isTokenChar(code) || code === COLON || code === 0x2f; code = this.#peek()) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #string(): string {
    this.#expect(DQUOTE);
    let text = "";
    for (let code = this.#takeVisible(); code !== DQUOTE; code = this.#takeVisible()) {
      if (code === BACKSLASH) {
        code = this.#take();
        if (code !== DQUOTE && code !== BACKSLASH) throw MALFORMED;
      }
      text += String.fromCharCode(code);
    }
    return text;
  }

  /** RFC 9651 §4.2.10: UTF-8 with what is not visible ASCII as `%` and two digits in lower case. */
  #displayString(): string {
    this.#expect(PERCENT);
    this.#expect(DQUOTE);
    const octets: number[] = [];
    for (let code = this.#takeVisible(); code !== DQUOTE; code = this.#takeVisible()) {
      octets.push(code === PERCENT ? this.#lowerHexDigit() * 16 + this.#lowerHexDigit() : code);
    }
    try {
      return utf8.decode(Uint8Array.from(octets));
    } catch {
      throw MALFORMED;
    }
  }

  #lowerHexDigit(): number {
    const code = this.#take();
    if (isDigit(code)) return code - 0x30;
    if (code >= 0x61 && code <= 0x66) return code - 0x57;
    throw MALFORMED;
  }

  #boolean(): boolean {
    this.#expect(QUESTION);
    const code = this.#take();
    if (code !== 0x30 && code !== 0x31) throw MALFORMED;
    return code === 0x31;
  }

  /** RFC 9651 §4.2.7: padding may be missing. */
  #bytes(): Uint8Array {
    this.#expect(COLON);
    const end = this.#text.indexOf(":", this.#at);
    const text = this.#text.slice(this.#at, end);
    if (end === -1 || !BASE64.test(text)) throw MALFORMED;
    this.#at = end + 1;
    return new Uint8Array(Buffer.from(text, "base64"));
  }

  #skipOws(): void {
    while (this.#peek() === SP || this.#peek() === HTAB) this.#at++;
  }

  #peek(): number {
    return this.#text.charCodeAt(this.#at);
  }

  /** NaN at the end, which equals nothing. */
  #take(): number {
    return this.#text.charCodeAt(this.#at++);
  }

  #takeVisible(): number {
    const code = this.#take();
    if (!(code >= SP && code <= 0x7e)) throw MALFORMED;
    return code;
  }

  #eat(code: number): boolean {
    if (this.#peek() !== code) return false;
    this.#at++;
    return true;
  }

  #expect(code: number): void {
    if (!this.#eat(code)) throw MALFORMED;
  }
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isLowerAlpha(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

export function isAlpha(code: number): boolean {
  return isLowerAlpha(code | 0x20);
}

export function isKeyChar(code: number): boolean {
  return isLowerAlpha(code) || isDigit(code) || code === 0x5f || code === DASH || code === DOT || code === ASTERISK;
}
