import type { FramingFields } from "./framing.ts";

/** Octets of the longest one that is remembered: a connection that waits for hours should not hold much. */
const LONGEST = 2048;
/** Up to here comparing octet by octet is quicker than a call to native code. */
const SHORT = 96;

/**
 * A header section that was read and found sound. A client tends to send the same one with each request of a connection:
 * to compare takes a fifth of what it takes to read.
 */
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

  /** Whether one of so many octets, with these fields in it, may be used again as it was read. */
  static isLasting(octets: number, framing: FramingFields): boolean {
    // Whether there is an expectation depends on the version in the request line too.
    return octets <= LONGEST && !framing.expectsContinue;
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
