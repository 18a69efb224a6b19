/** The longest line `!> …` in octets, its end not counted. */
export const LONGEST_DIRECTIVES = 1024;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** How many octets of a file it takes to know its line. */
export const DIRECTIVES_HEAD: number = BYTE_ORDER_MARK.length + LONGEST_DIRECTIVES + "\r\n".length;

/** The first line of a file that says how the file is to be presented. */
export interface DirectiveLine {
  /** What stands behind `!>`: as much as shows that the line is too long, when it is. */
  readonly text: string;
  /** Where the content begins. */
  readonly end: number;
}

/**
 * The line `!> …` that a file begins with, or undefined.
 *
 * Whatever begins with `!>` is such a line, well formed or not: a slip of the pen must not publish a file that was to be
 * hidden. For the same reason a byte order mark, which some editors write unasked, may stand before it.
 *
 * @param head the file, or its first {@link DIRECTIVES_HEAD} octets
 */
export function directiveLine(head: Uint8Array): DirectiveLine | undefined {
  const start = BYTE_ORDER_MARK.every((octet, index) => head[index] === octet) ? BYTE_ORDER_MARK.length : 0;
  if (head[start] !== 0x21 || head[start + 1] !== 0x3e) return undefined;
  const longest = start + LONGEST_DIRECTIVES;
  const feed = head.indexOf(LINE_FEED, start);
  const end = feed === -1 ? head.length : feed;
  const last = head[end - 1] === CARRIAGE_RETURN && feed !== -1 ? end - 1 : end;
  const text = textOf(head.subarray(start + 2, Math.min(last, longest + 1)));
  return { text, end: feed === -1 ? end : end + 1 };
}

function textOf(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("utf8");
}
