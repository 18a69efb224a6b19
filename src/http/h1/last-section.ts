import { FieldSection } from "./field-section.ts";
import { FramingFields } from "./framing.ts";
import type { HeadParser } from "./head-parser.ts";

/** Octets of the longest header section that is remembered: a connection that waits for hours should not hold much. */
const LONGEST = 2048;

/** Sections in a row that may differ from the one before, until none is remembered any more. */
const TRIES = 8;

/**
 * Remembers the header section that came last on a connection: a client tends to send the same one with each request, and
 * to compare takes a fifth of what it takes to read.
 *
 * Of its own connection alone: how long it takes to be answered must not tell one client what another has sent.
 */
export class LastSection {
  section: FieldSection | undefined;
  /** How many came in a row that were another than the one before. */
  #others = 0;

  /**
   * Takes note of a head that was read, and of its parser's framing fields.
   *
   * @param start where the head starts
   * @param end where it ends
   * @param host the value of its Host field in lower case
   */
  note(parser: HeadParser, octets: Buffer, start: number, end: number, host: string): void {
    if (parser.section !== undefined) {
      this.#others = 0;
      return;
    }
    this.section = undefined;
    const fields = start + parser.fieldsStart;
    if (end - fields > LONGEST || ++this.#others > TRIES) return;
    this.section = new FieldSection(octets.subarray(fields, end), parser.framing, host);
    parser.framing = new FramingFields();
  }
}
