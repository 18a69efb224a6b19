import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ChunkedDecoder } from "../../../src/http/h1/chunked-decoder.ts";

interface Decoded {
  data: string;
  /** Octets behind the last chunk, or undefined when it has not come. */
  rest: string | undefined;
  status: number | undefined;
}

function decode(text: string, lengths: readonly number[] = []): Decoded {
  const octets = Buffer.from(text, "latin1");
  const decoder = new ChunkedDecoder();
  const decoded: Decoded = { data: "", rest: undefined, status: undefined };
  let at = 0;
  for (const length of [...lengths, Infinity]) {
    const end = Math.min(octets.length, at + length);
    const after = decoder.decode(octets, at, end, (from, to) => (decoded.data += octets.toString("latin1", from, to)));
    if (after === -1) decoded.status = decoder.fault?.status;
    if (after === -1) return decoded;
    at = after;
    if (decoder.complete) return { ...decoded, rest: octets.toString("latin1", at) };
  }
  return decoded;
}

describe("Chunks", () => {
  test("give back what was put in, however they are cut", () => {
    const data = fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 50 }));
    const extension = fc.constantFrom("", ";a", ";a=b", ';a="b;\\"c\\\\"', ";a;b=c", ';a="\t \xff"', ';a=""');
    const lengths = fc.array(fc.integer({ min: 1, max: 20 }));
    fc.assert(
      fc.property(data, extension, lengths, fc.boolean(), (pieces, suffix, cuts, upper) => {
        const size = (length: number): string => (upper ? length.toString(16).toUpperCase() : length.toString(16));
        const chunks = pieces.map((piece) => `${size(piece.length)}${suffix}\r\n${piece}\r\n`);
        const text = `${chunks.join("")}0${suffix}\r\nX: y\r\n\r\n`;
        assert.deepEqual(decode(text, cuts), { data: pieces.join(""), rest: "X: y\r\n\r\n", status: undefined });
      }),
    );
  });

  test("come to the same result however they are cut, well formed or not", () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from('0123aF;="\\ \t\r\n\0\xffg'), "\r\n", "1\r\nx\r\n"),
      maxLength: 30,
    });
    const lengths = fc.array(fc.integer({ min: 1, max: 5 }));
    fc.assert(
      fc.property(text, lengths, (octets, cuts) => assert.deepEqual(decode(octets, cuts), decode(octets))),
      { numRuns: 3000 },
    );
  });

  const refused: [name: string, text: string, status: number][] = [
    ["no size", "\r\n", 400],
    ["no size before an extension", ";a\r\n", 400],
    ["a size that is no number", "g\r\n", 400],
    ["a size with a prefix", "0x1\r\n", 400],
    ["a size with a sign", "+1\r\n", 400],
    ["white space before a size", " 1\r\n", 400],
    ["white space after a size", "1 \r\n", 400],
    ["a size of 17 digits", "00000000000000001\r\n", 400],
    ["a size of 2^53", "20000000000000\r\n", 413],
    ["a bare LF after a size", "1\nx\r\n", 400],
    ["a bare CR after a size", "1\rx\r\n", 400],
    ["data longer than its size", "1\r\nxy\r\n", 400],
    ["data with a bare LF behind it", "1\r\nx\n0\r\n", 400],
    ["data with a bare CR behind it", "1\r\nx\r0\r\n", 400],
    ["an empty extension", "1;\r\n", 400],
    ["an extension without a name", "1;=a\r\n", 400],
    ["an extension without a value", "1;a=\r\n", 400],
    ["white space in an extension", "1; a\r\n", 400],
    ["an extension with two values", "1;a=b=c\r\n", 400],
    ["a bare LF in an extension", "1;a\nb\r\n", 400],
    ["a CR in a quoted extension", '1;a="\r\n"\r\n', 400],
    ["an escaped control character in an extension", '1;a="\\\n"\r\n', 400],
    ["something behind a quoted extension", '1;a="b"c\r\n', 400],
    ["an extension value that begins with no token", "1;a=;\r\n", 400],
  ];
  for (const [name, text, status] of refused) {
    test(`Chunked content with ${name} is refused`, () => assert.equal(decode(text).status, status));
  }

  test("2^53 - 1 is a size that may be announced", () => {
    assert.deepEqual(decode("1fffffffffffff\r\nx"), { data: "x", rest: undefined, status: undefined });
  });

  test("Extensions are limited on each line and altogether", () => {
    const line = (length: number): string => `1;${"a".repeat(length)}\r\nx\r\n`;
    assert.equal(decode(line(200).repeat(20)).status, undefined);
    assert.equal(decode(line(256)).status, 400);
    assert.equal(decode(line(200).repeat(21)).status, 400);
  });

  test("Framing that outweighs its data is refused once there is much of it", () => {
    const wasteful = `${"0".repeat(15)}1\r\nx\r\n`;
    assert.equal(decode(wasteful.repeat(3_000)).status, undefined);
    assert.equal(decode(wasteful.repeat(4_000)).status, 400);
    assert.equal(decode(`${"1\r\nx\r\n".repeat(100_000)}0\r\n`).data.length, 100_000);
  });
});
