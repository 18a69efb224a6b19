// What the app sends and its clients compare.

const PATTERN = Buffer.alloc(1 << 20);
for (let at = 0; at < PATTERN.length; at += 4) PATTERN.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);

/** Octets of an endless pattern that repeats after 1 MiB. */
export function pattern(at: number, length: number): Buffer {
  const begin = at % PATTERN.length;
  if (begin + length <= PATTERN.length) return PATTERN.subarray(begin, begin + length);
  return Buffer.concat([PATTERN.subarray(begin), pattern(0, length - (PATTERN.length - begin))]);
}

/** Some kilobytes of text that compress well, another for each key. */
export function page(key: string): string {
  return `<p>The page ${key} is one of many, and says the same again and again.</p>\n`.repeat(60 + (key.length % 7));
}
