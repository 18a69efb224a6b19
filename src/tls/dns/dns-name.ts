import { lowerAscii } from "../../base/ascii.ts";

/** Octets of a name, its lengths and its end included, and of one label. RFC 1035 §3.1. */
const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;

/** What may stand in a label here: printable ASCII without what would need to be escaped. */
const LABEL = /^[!-\-/-[\]-~]+$/;

/** A message that is not as RFC 1035 has it. */
export class DnsFormatError extends Error {}

/**
 * A name as it is written in messages: in lower case and not compressed, which is also the form that is signed.
 * RFC 1035 §3.1, RFC 8945 §4.3.3.
 *
 * @param name with or without a final dot; `""` or `"."` is the root
 * @throws {DnsFormatError} when it is none
 */
export function encodeName(name: string): Buffer {
  const labels = name === "" || name === "." ? [] : name.replace(/\.$/, "").split(".");
  const parts = labels.map((label) => {
    if (!LABEL.test(label) || label.length > LONGEST_LABEL) throw new DnsFormatError(`${name} is no name`);
    return Buffer.from(`${String.fromCharCode(label.length)}${lowerAscii(label)}`, "latin1");
  });
  const whole = Buffer.concat([...parts, Buffer.of(0)]);
  if (whole.length > LONGEST_NAME) throw new DnsFormatError(`${name} is too long for a name`);
  return whole;
}

/** A name that was read. */
export interface ReadName {
  /** In lower case, without a final dot. */
  readonly name: string;
  /** Where what follows it begins. */
  readonly end: number;
}

/**
 * Reads a name of a message. RFC 1035 §4.1.4: its end may stand somewhere before it. A pointer that does not lead backwards
 * is refused, so that there is no loop.
 *
 * @throws {DnsFormatError}
 */
export function readName(message: Buffer, start: number): ReadName {
  const labels: string[] = [];
  let end = -1;
  let length = 1;
  let before = start;
  for (let at = start; ;) {
    const octet = octetAt(message, at);
    if (octet === 0) return { name: labels.join("."), end: end === -1 ? at + 1 : end };
    if (octet >= 0xc0) {
      const target = ((octet & 0x3f) << 8) | octetAt(message, at + 1);
      if (target >= before) throw new DnsFormatError("a name leads forwards");
      if (end === -1) end = at + 2;
      before = at = target;
      continue;
    }
    if (octet > LONGEST_LABEL) throw new DnsFormatError("a label is of an unknown kind");
    length += octet + 1;
    if (length > LONGEST_NAME) throw new DnsFormatError("a name is too long");
    labels.push(labelOf(message, at + 1, at + 1 + octet));
    at += 1 + octet;
  }
}

function labelOf(message: Buffer, start: number, end: number): string {
  const label = message.toString("latin1", start, end);
  if (!LABEL.test(label)) return label.replace(/[^]/g, escaped);
  return lowerAscii(label);
}

/** RFC 1035 §5.1: `\DDD`, so that an octet in a label is never taken for the dot between two. */
function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return LABEL.test(character) ? lowerAscii(character) : `\\${String(code).padStart(3, "0")}`;
}

function octetAt(message: Buffer, at: number): number {
  const octet = message[at];
  if (octet === undefined) throw new DnsFormatError("a name is cut off");
  return octet;
}

/** Whether a name is another one, or below it. Both in lower case, without a final dot. */
export function isWithin(name: string, zone: string): boolean {
  return zone === "" || name === zone || name.endsWith(`.${zone}`);
}
