import type { FramingFields } from "./framing.ts";

/** Up to here comparing octet by octet is quicker than a call to native code. */
const SHORT = 96;

/** A header section that was read and found sound. */
export class FieldSection {
  /** As sent, with the empty line. */
  readonly #octets: Uint8Array;
  readonly framing: FramingFields;
  /** The field lines, each with its CR LF. */
  readonly text: string;
  /** The value of Host in lower case; empty when there is none. */
  readonly host: string;

  /** @param octets from the first field line to the end of the empty line; borrowed */
  constructor(octets: Buffer, framing: FramingFields, host: string) {
    this.#octets = Uint8Array.from(octets);
    this.framing = framing;
    this.text = octets.toString("latin1", 0, octets.length - 2);
    this.host = host;
  }

  get length(): number {
    return this.#octets.length;
  }

  /** Whether the same octets stand at an offset, all of them before `end`. */
  isAt(octets: Buffer, start: number, end: number): boolean {
    const mine = this.#octets;
    const { length } = mine;
    if (end - start < length) return false;
    if (length > SHORT) return octets.compare(mine, 0, length, start, start + length) === 0;
    for (let at = 0; at < length; at++) if (octets[start + at] !== mine[at]) return false;
    return true;
  }
}
