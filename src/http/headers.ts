import { isToken, lowerAscii, trimOws } from "../base/ascii.ts";

/** Everything that {@link Headers} can be made of. */
export type HeadersInit = Headers | globalThis.Headers | Iterable<readonly [string, string]> | Record<string, string>;

/**
 * The header or trailer section of a message, with the surface of the Fetch standard's `Headers`.
 *
 * Names are kept in lower case, values as they are, lines of one name in their order. `get` joins the lines of one name
 * with `", "` (`"; "` for Cookie, RFC 9113 §8.2.3).
 *
 * @example
 * const headers = new Headers({ "content-type": "text/plain" });
 * headers.append("vary", "accept");
 */
export class Headers {
  /** name, value, name, value … */
  #list: string[] = [];

  /** @throws TypeError when a name is no token or a value holds CR, LF or NUL. */
  constructor(init?: HeadersInit) {
    if (init === undefined) return;
    if (init instanceof Headers) {
      this.#list = init.#list.slice();
    } else if (typeof (init as Iterable<readonly [string, string]>)[Symbol.iterator] === "function") {
      for (const [name, value] of init as Iterable<readonly [string, string]>) this.append(name, value);
    } else {
      for (const name of Object.keys(init)) this.append(name, (init as Record<string, string>)[name]!);
    }
  }

  /** The value of a field, its lines joined, or null. */
  get(name: string): string | null {
    const list = this.#list;
    const key = lowerAscii(name);
    let value: string | null = null;
    for (let index = 0; index < list.length; index += 2) {
      if (list[index] !== key) continue;
      value = value === null ? list[index + 1]! : value + (key === "cookie" ? "; " : ", ") + list[index + 1]!;
    }
    return value;
  }

  /** Whether there is a field of this name. */
  has(name: string): boolean {
    const key = lowerAscii(name);
    for (let index = 0; index < this.#list.length; index += 2) if (this.#list[index] === key) return true;
    return false;
  }

  /** Sets a field, replacing all its lines. @throws TypeError on a bad name or value. */
  set(name: string, value: string): void {
    const key = nameOf(name);
    const text = valueOf(value, key);
    const list = this.#list;
    for (let index = 0; index < list.length; index += 2) {
      if (list[index] !== key) continue;
      list[index + 1] = text;
      this.#remove(key, index + 2);
      return;
    }
    list.push(key, text);
  }

  /** Adds a line. @throws TypeError on a bad name or value. */
  append(name: string, value: string): void {
    const key = nameOf(name);
    this.#list.push(key, valueOf(value, key));
  }

  /** Removes a field with all its lines. */
  delete(name: string): void {
    this.#remove(lowerAscii(name), 0);
  }

  #remove(key: string, from: number): void {
    const list = this.#list;
    let kept = from;
    for (let index = from; index < list.length; index += 2) {
      if (list[index] === key) continue;
      list[kept] = list[index]!;
      list[kept + 1] = list[index + 1]!;
      kept += 2;
    }
    list.length = kept;
  }

  /** Every Set-Cookie line by itself, since they cannot be joined. RFC 9110 §5.3. */
  getSetCookie(): string[] {
    return this.getAll("set-cookie");
  }

  /** Every line of a field by itself. */
  getAll(name: string): string[] {
    const key = lowerAscii(name);
    const values: string[] = [];
    for (let index = 0; index < this.#list.length; index += 2) {
      if (this.#list[index] === key) values.push(this.#list[index + 1]!);
    }
    return values;
  }

  /** Calls `callback` for each field, sorted by name, as the Fetch standard says. */
  forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void {
    for (const [name, value] of this) callback.call(thisArg, value, name, this);
  }

  /** Names, sorted. */
  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  /** Values, sorted by name. */
  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
  }

  /** Name and value pairs sorted by name; lines of one name joined, except Set-Cookie. */
  *entries(): IterableIterator<[string, string]> {
    const names: string[] = [];
    for (let index = 0; index < this.#list.length; index += 2) {
      const name = this.#list[index]!;
      if (!names.includes(name)) names.push(name);
    }
    for (const name of names.sort()) {
      if (name === "set-cookie") for (const value of this.getAll(name)) yield [name, value];
      else yield [name, this.get(name)!];
    }
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "Headers";
  }

  /** @internal The lines as they are: name, value, name, value … Not to be changed. */
  static lines(headers: Headers): readonly string[] {
    return headers.#list;
  }

  /** @internal The fields of `name: value CRLF …`, which a parser has already checked. */
  static fromText(text: string): Headers {
    const headers = new Headers();
    const list = headers.#list;
    for (let at = 0; at < text.length;) {
      const colon = text.indexOf(":", at);
      const end = text.indexOf("\r\n", colon);
      list.push(lowerAscii(text.slice(at, colon)), trimOws(text.slice(colon + 1, end)));
      at = end + 2;
    }
    return headers;
  }

  /** @internal Takes over lines that a parser has already checked. */
  static fromChecked(list: string[]): Headers {
    const headers = new Headers();
    headers.#list = list;
    return headers;
  }
}

/** The names that responses use most: known to be valid and in lower case. */
const KNOWN = new Map<string, string>(
  [
    "Accept-Ranges Age Allow Cache-Control Content-Disposition Content-Encoding Content-Language Content-Length",
    "Content-Location Content-Range Content-Type Date ETag Expires Last-Modified Link Location Retry-After Set-Cookie",
    "Vary WWW-Authenticate Access-Control-Allow-Origin Content-Security-Policy Referrer-Policy",
  ]
    .flatMap((line) => line.split(" "))
    .flatMap((name): [string, string][] => [
      [name, lowerAscii(name)],
      [lowerAscii(name), lowerAscii(name)],
    ]),
);

function nameOf(name: string): string {
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  if (!isToken(name)) throw new TypeError(`A field name is a token, got ${JSON.stringify(name)}`);
  return lowerAscii(name);
}

/** RFC 9110 §5.5: CR, LF and NUL in a value are what response splitting is made of. */
function valueOf(value: string, name: string): string {
  const text = typeof value === "string" ? value : String(value);
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x0d || code === 0x0a || code === 0 || code > 0xff) {
      throw new TypeError(
        `The value of field ${name} holds ${code > 0xff ? "a character above U+00FF" : "CR, LF or NUL"}: ${JSON.stringify(text.slice(0, 100))}`,
      );
    }
  }
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** The Fetch standard's "HTTP whitespace byte", which its `Headers` takes off both ends. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}
