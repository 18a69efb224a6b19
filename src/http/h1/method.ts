/** Methods that are spelled so often that their text need not be made. */
const GET = 0x474554;
const PUT = 0x505554;

/** The method at `start`: a shared string for the usual ones. */
export function methodOf(octets: Buffer, start: number, end: number): string {
  if (end - start === 3) {
    const packed = (octets[start]! << 16) | (octets[start + 1]! << 8) | octets[start + 2]!;
    if (packed === GET) return "GET";
    if (packed === PUT) return "PUT";
  }
  const text = octets.toString("latin1", start, end);
  return COMMON.get(text) ?? text;
}

const COMMON = new Map<string, string>(["HEAD", "POST", "DELETE", "PATCH", "OPTIONS"].map((name) => [name, name]));
