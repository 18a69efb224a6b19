import { hexDigit } from "../base/ascii.ts";

const COLON = 0x3a;
const DOT = 0x2e;

/**
 * The IPv4 address that fills `text` from `start` to `end`, as an unsigned 32-bit number; -1 when it is none.
 * RFC 3986 §3.2.2: four decimal octets without leading zeros, as those have been read as octal.
 */
export function parseIpv4(text: string, start = 0, end: number = text.length): number {
  let address = 0;
  let index = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && (index >= end || text.charCodeAt(index++) !== DOT)) return -1;
    const first = index;
    let value = 0;
    for (; index < end && index < first + 3; index++) {
      const digit = text.charCodeAt(index) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    const length = index - first;
    if (length === 0 || value > 255 || (length > 1 && text.charCodeAt(first) === 0x30)) return -1;
    address = address * 256 + value;
  }
  return index === end ? address : -1;
}

/**
 * Reads the IPv6 address that fills `text` from `start` to `end` into eight 16-bit groups, and says whether it is one.
 * RFC 3986 §3.2.2, RFC 4291 §2.2: no brackets, no zone.
 */
export function parseIpv6(text: string, groups: Uint16Array, start = 0, end: number = text.length): boolean {
  let count = 0;
  let gap = -1;
  let index = start;
  if (text.charCodeAt(index) === COLON) {
    if (index + 1 >= end || text.charCodeAt(index + 1) !== COLON) return false;
    gap = 0;
    index += 2;
  }
  while (index < end) {
    if (count === 8) return false;
    const first = index;
    let value = 0;
    for (; index < end && index < first + 4; index++) {
      const digit = hexDigit(text.charCodeAt(index));
      if (digit === -1) break;
      value = (value << 4) | digit;
    }
    if (index < end && text.charCodeAt(index) === DOT) {
      const address = count <= 6 ? parseIpv4(text, first, end) : -1;
      if (address === -1) return false;
      groups[count++] = address >>> 16;
      groups[count++] = address & 0xffff;
      break;
    }
    if (index === first) return false;
    groups[count++] = value;
    if (index === end) break;
    if (text.charCodeAt(index++) !== COLON || index === end) return false;
    if (text.charCodeAt(index) === COLON) {
      if (gap !== -1) return false;
      gap = count;
      index++;
    }
  }
  return gap === -1 ? count === 8 : closeGap(groups, gap, count);
}

/** `::` stands for at least one group of zeros. */
function closeGap(groups: Uint16Array, gap: number, count: number): boolean {
  if (count > 7) return false;
  groups.copyWithin(8 - (count - gap), gap, count);
  groups.fill(0, gap, 8 - (count - gap));
  return true;
}

/** The IPv4 address inside an IPv4-mapped one (`::ffff:192.0.2.1`), -1 when it is no such. RFC 4291 §2.5.5.2. */
export function mappedIpv4(groups: Uint16Array): number {
  for (let index = 0; index < 5; index++) if (groups[index] !== 0) return -1;
  if (groups[5] !== 0xffff) return -1;
  return (groups[6] ?? 0) * 0x1_0000 + (groups[7] ?? 0);
}

/** `192.0.2.1` of its number. */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
