import { regionIs } from "./region.ts";
import { Scanner } from "./scanner.ts";

/** Positions of the first and the last octet; `end` belongs to the range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Send everything (200), refuse (416), or send these parts (206): at least one, ascending, apart. */
export type RangeResult =
  | { readonly kind: "none" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "ranges"; readonly ranges: readonly ByteRange[] };

export interface RangeOptions {
  /** How many ranges one request may ask for; with more the field is ignored. Default 8. */
  readonly maxRanges?: number;
}

const NONE: RangeResult = { kind: "none" };
const UNSATISFIABLE: RangeResult = { kind: "unsatisfiable" };
const DASH = 0x2d;

/**
 * Parses `Range` against a representation of `size` octets. Only GET has ranges (RFC 9110 §14.2).
 *
 * The field is ignored, as §14.2 allows, when its unit is unknown, when it is malformed, and when it asks for too many
 * ranges or for ranges that overlap or descend: no client needs those, and CVE-2011-3192 lived on them.
 *
 * ```ts
 * parseRange("bytes=-500", 10_000) // { kind: "ranges", ranges: [{ start: 9500, end: 9999 }] }
 * ```
 */
export function parseRange(value: string | undefined, size: number, options?: RangeOptions): RangeResult {
  if (value === undefined || !regionIs(value, 0, 6, "bytes=")) return NONE;
  const maxRanges = options?.maxRanges ?? 8;
  const scanner = new Scanner(value, 6);
  const ranges: ByteRange[] = [];
  let count = 0;
  let free = 0;
  while (scanner.nextElement()) {
    const range = readRange(scanner, size);
    if (range === undefined || ++count > maxRanges) return NONE;
    if (range.start >= size) continue;
    if (range.start < free) return NONE;
    free = range.end + 1;
    ranges.push(range);
  }
  if (scanner.malformed || count === 0) return NONE;
  if (ranges.length > 0) return { kind: "ranges", ranges };
  // An empty representation has no parts to refuse: clients that always ask for a range get it with 200.
  return size === 0 ? NONE : UNSATISFIABLE;
}

/** `first-last`, `first-` or `-suffix`, cut to `size`; a start at `size` or after it cannot be satisfied. */
function readRange(scanner: Scanner, size: number): ByteRange | undefined {
  const first = scanner.decimal();
  if (!scanner.eat(DASH)) return undefined;
  const last = scanner.decimal();
  const end = size - 1;
  // RFC 9110 §14.1.2: the last `last` octets, or all of them when there are fewer; `-0` asks for nothing.
  if (first === -1) return last === -1 ? undefined : { start: Math.max(size - last, 0), end };
  if (last === -1) return { start: first, end };
  return last < first ? undefined : { start: first, end: Math.min(last, end) };
}

/**
 * `Content-Range` of a part: `bytes 0-499/1234`, or `bytes 0-499/*` when the size is not known. RFC 9110 §14.4.
 */
export function formatContentRange(range: ByteRange, size?: number): string {
  return `bytes ${range.start}-${range.end}/${size ?? "*"}`;
}

/** `Content-Range` of a 416 (Range Not Satisfiable): `bytes *` and the size. RFC 9110 §14.4. */
export function formatUnsatisfiedRange(size: number): string {
  return `bytes */${size}`;
}
