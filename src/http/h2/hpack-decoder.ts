import { DynamicTable } from "./dynamic-table.ts";
import { Field } from "./field.ts";
import { DEFAULT_TABLE_SIZE, STATIC_LENGTH, STATIC_TABLE } from "./hpack-tables.ts";
import { decodeHuffman } from "./huffman.ts";

/** Takes the fields of a section, in their order. */
export interface FieldSink {
  /** @returns false when there were too many: of those that follow it need not hear */
  add(field: Field): boolean;
}

const STATIC_FIELDS: readonly Field[] = /* @__PURE__ */ Array.from(
  { length: STATIC_LENGTH },
  (_, index) => new Field(STATIC_TABLE[index * 2]!, STATIC_TABLE[index * 2 + 1]!),
);

/** The largest integer that is read: nothing that HPACK counts in a section of ours comes near it. */
const MOST = 1 << 20;

/**
 * Decodes field sections of one direction of one connection. RFC 7541.
 *
 * A section that cannot be decoded leaves the table in a state that the other end does not know: the connection is lost.
 */
export class HpackDecoder {
  readonly #table = new DynamicTable<Field>();
  #at = 0;

  /** How often the dynamic table has changed. */
  get generation(): number {
    return this.#table.generation;
  }

  /**
   * Decodes one whole field block.
   *
   * @returns false when it is no field block: COMPRESSION_ERROR. RFC 9113 §4.3
   */
  decode(octets: Uint8Array, start: number, end: number, sink: FieldSink): boolean {
    this.#at = start;
    let isFirst = true;
    while (this.#at < end) {
      const octet = octets[this.#at]!;
      let field: Field | undefined;
      if (octet >= 0x80) {
        // RFC 7541 §6.1: an indexed field; index 0 is an error.
        const index = this.#integer(octets, end, 0x7f);
        if (index <= 0) return false;
        field = this.#indexed(index);
      } else if (octet >= 0x40) {
        // RFC 7541 §6.2.1: a literal that goes into the table.
        field = this.#literal(octets, end, 0x3f);
        if (field !== undefined) this.#table.add(field);
      } else if (octet >= 0x20) {
        // RFC 7541 §4.2: changes of size come before everything else.
        if (!isFirst || !this.#resize(octets, end)) return false;
        continue;
      } else {
        // RFC 7541 §6.2.2, §6.2.3: a literal that does not, for now or ever.
        field = this.#literal(octets, end, 0x0f);
      }
      if (field === undefined) return false;
      isFirst = false;
      // A section that is made to be too long has a thousand fields in a KiB: to pass them over takes a tenth of the time.
      if (!sink.add(field)) this.#passIndexed(octets, end);
    }
    return true;
  }

  #indexed(index: number): Field | undefined {
    return index <= STATIC_LENGTH ? STATIC_FIELDS[index - 1] : this.#table.at(index - STATIC_LENGTH - 1);
  }

  /** Goes on to the next octet that is more than the index of a field that is there. */
  #passIndexed(octets: Uint8Array, end: number): void {
    const most = 0x80 | Math.min(0x7e, STATIC_LENGTH + this.#table.length);
    let at = this.#at;
    while (at < end && octets[at]! > 0x80 && octets[at]! <= most) at++;
    this.#at = at;
  }

  #resize(octets: Uint8Array, end: number): boolean {
    const size = this.#integer(octets, end, 0x1f);
    // RFC 7541 §6.3: not above what SETTINGS_HEADER_TABLE_SIZE allows, which we leave as it is.
    if (size < 0 || size > DEFAULT_TABLE_SIZE) return false;
    if (size !== this.#table.limit) this.#table.resize(size);
    return true;
  }

  #literal(octets: Uint8Array, end: number, mask: number): Field | undefined {
    const index = this.#integer(octets, end, mask);
    if (index < 0) return undefined;
    const name = index === 0 ? this.#string(octets, end) : this.#indexed(index)?.name;
    if (name === undefined) return undefined;
    const value = this.#string(octets, end);
    return value === undefined ? undefined : new Field(name, value);
  }

  /** RFC 7541 §5.2. */
  #string(octets: Uint8Array, end: number): string | undefined {
    if (this.#at >= end) return undefined;
    const isCoded = octets[this.#at]! >= 0x80;
    const length = this.#integer(octets, end, 0x7f);
    const from = this.#at;
    if (length < 0 || from + length > end) return undefined;
    this.#at = from + length;
    if (isCoded) return decodeHuffman(octets, from, this.#at);
    return Buffer.from(octets.buffer, octets.byteOffset + from, length).toString("latin1", 0, length);
  }

  /** RFC 7541 §5.1. @returns -1 when it is cut short or larger than anything can be */
  #integer(octets: Uint8Array, end: number, mask: number): number {
    let value = octets[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; this.#at < end && shift <= 21; shift += 7) {
      const octet = octets[this.#at++]!;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value <= MOST ? value : -1;
    }
    return -1;
  }
}
