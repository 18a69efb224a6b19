import { type HttpLimits } from "../http-limits.ts";
import { Headers } from "../headers.ts";
import { CONTENT_LENGTH, type Field, HOST, MALFORMED, ORDINARY } from "./field.ts";
import type { FieldSink } from "./hpack-decoder.ts";
import { ENTRY_OVERHEAD } from "./hpack-tables.ts";

/** Takes a trailer section. RFC 9113 §8.1: no pseudo-header field is in it, RFC 9110 §6.5.1: nor what frames or routes. */
export class TrailerSection implements FieldSink {
  readonly #limits: HttpLimits;
  readonly #lines: string[] = [];
  #size = 0;
  isMalformed = false;
  isTooLarge = false;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  add({ kind, name, value }: Field): boolean {
    this.#size += name.length + value.length + ENTRY_OVERHEAD;
    this.isMalformed ||= kind < ORDINARY || kind === MALFORMED || kind === CONTENT_LENGTH || kind === HOST;
    this.isTooLarge ||= this.#lines.length >= this.#limits.trailerFields * 2 || this.#size > this.#limits.trailers;
    if (!this.isTooLarge) this.#lines.push(name, value);
    return !this.isTooLarge;
  }

  /** The section, or undefined when there was nothing in it. */
  get headers(): Headers | undefined {
    return this.#lines.length === 0 ? undefined : Headers.fromChecked(this.#lines);
  }
}
