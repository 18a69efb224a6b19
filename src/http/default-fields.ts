import { lowerAscii } from "../base/ascii.ts";
import { Headers, type HeadersInit } from "./headers.ts";

/**
 * Fields that a response has unless it has them itself: rendered once, since most responses have none of them.
 *
 * @example
 * const fields = new DefaultFields({ "x-content-type-options": "nosniff" });
 * const extension: Extension = { name: "no-sniff", package: (response) => response.defaultTo(fields) };
 */
export class DefaultFields {
  /** @internal name, value, … */
  readonly lines: readonly string[];
  /** @internal The lines as they are sent. */
  readonly text: string;
  #names: ReadonlySet<string>;

  /** @throws TypeError when a name is no token or a value holds CR, LF or NUL */
  constructor(fields: HeadersInit) {
    this.lines = Headers.lines(new Headers(fields)).slice();
    this.#names = new Set(this.lines.filter((_, index) => index % 2 === 0));
    this.text = textOf(this.lines, () => true);
  }

  /** Whether a field is among these. */
  has(name: string): boolean {
    return this.#names.has(lowerAscii(name));
  }

  /** The value of a field, its first line, or null. */
  get(name: string): string | null {
    return this.has(name) ? this.lines[this.lines.indexOf(lowerAscii(name)) + 1]! : null;
  }

  /** These and others; of two values for a name the one here wins. The same two give the same result object. */
  and(others: DefaultFields): DefaultFields {
    let joined = this.#joined.get(others);
    if (joined === undefined) {
      const lines = [...this.lines];
      for (let at = 0; at < others.lines.length; at += 2) {
        if (!this.#names.has(others.lines[at]!)) lines.push(others.lines[at]!, others.lines[at + 1]!);
      }
      joined = new DefaultFields(Headers.fromChecked(lines));
      this.#joined.set(others, joined);
    }
    return joined;
  }

  readonly #joined = new WeakMap<DefaultFields, DefaultFields>();

  /** @internal The text of those that are not among `present` (name, value, …). */
  textBeside(present: readonly string[]): string {
    for (let at = 0; at < present.length; at += 2) {
      if (this.#names.has(present[at]!)) {
        const names = new Set(present.filter((_, index) => index % 2 === 0));
        return textOf(this.lines, (name) => !names.has(name));
      }
    }
    return this.text;
  }
}

function textOf(lines: readonly string[], wanted: (name: string) => boolean): string {
  let text = "";
  for (let at = 0; at < lines.length; at += 2) if (wanted(lines[at]!)) text += `${lines[at]!}: ${lines[at + 1]!}\r\n`;
  return text;
}
