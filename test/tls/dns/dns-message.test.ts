import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CLASS, encodeMessage, OPCODE, parseMessage, textData, TYPE } from "../../../src/tls/dns/dns-message.ts";
import { DnsFormatError, encodeName, isWithin, readName } from "../../../src/tls/dns/dns-name.ts";
import { ANSWER_256, ANSWER_LATE, ANSWER_SOA } from "./captured.ts";

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

describe("A name in a DNS message", () => {
  test("is written in lower case, with or without a final dot (RFC 1035 §3.1)", () => {
    const octets = hex("07 6578616d706c65 03 636f6d 00");
    for (const name of ["example.com", "example.com.", "EXAMPLE.Com"]) assert.deepEqual(encodeName(name), octets, name);
    assert.deepEqual([encodeName(""), encodeName(".")], [hex("00"), hex("00")]);
  });

  test("is refused when it is none", () => {
    const longest = [...Array<string>(3).fill("a".repeat(63)), "a".repeat(61)].join(".");
    assert.equal(encodeName(longest).length, 255);
    for (const name of ["..", "a..b", ".a", "a b", "ä", "a\\.b", "a\0", "a".repeat(64), `${longest}a`]) {
      assert.throws(() => encodeName(name), DnsFormatError, JSON.stringify(name));
    }
  });

  test("is read where its end stands somewhere before it (RFC 1035 §4.1.4)", () => {
    const octets = hex("03 636f6d 00  07 6578414d706c65 c000  01 61 c005  ff");
    assert.deepEqual(readName(octets, 5), { name: "example.com", end: 15 });
    assert.deepEqual(readName(octets, 15), { name: "a.example.com", end: 19 });
  });

  test("is refused when it leads forwards, to itself, or in a circle", () => {
    for (const octets of ["c000", "c002 00", "01 61 c000 00", "c0ff", "c0", "01 61 c002"]) {
      assert.throws(() => readName(hex(octets), 0), DnsFormatError, octets);
    }
    assert.throws(() => readName(hex("c002 c000"), 2), DnsFormatError);
  });

  test("is refused when it is cut off, of an unknown kind, or too long", () => {
    for (const octets of ["", "01", "0161", "40 00", "80 00"]) {
      assert.throws(() => readName(hex(octets), 0), DnsFormatError, octets);
    }
    const long = Buffer.concat([...Array<Buffer>(128).fill(hex("01 61")), hex("00")]);
    assert.throws(() => readName(long, 0), /too long/);
    assert.equal(readName(long.subarray(2), 0).name.length, 253);
  });

  test("keeps an octet in a label apart from the dot between two", () => {
    const dotted = hex("05 612e425c00 00");
    assert.deepEqual(readName(dotted, 0), { name: "a\\046b\\092\\000", end: 7 });
    assert.ok(!isWithin(readName(hex("05 782e636f6d 00"), 0).name, "com"));
  });

  test("is within a zone by whole labels", () => {
    for (const [name, zone] of [
      ["a.example.com", "example.com"],
      ["example.com", "example.com"],
      ["a", ""],
    ] as const) {
      assert.ok(isWithin(name, zone), `${name} in ${zone}`);
    }
    for (const [name, zone] of [
      ["anexample.com", "example.com"],
      ["com", "example.com"],
    ] as const) {
      assert.ok(!isWithin(name, zone), `${name} in ${zone}`);
    }
  });
});

describe("The data of a TXT record", () => {
  test("is strings of 255 octets at most (RFC 1035 §3.3.14)", () => {
    const lengths = (text: string): number[] => {
      const data = textData(text);
      const found: number[] = [];
      for (let at = 0; at < data.length; at += 1 + data[at]!) found.push(data[at]!);
      return found;
    };
    assert.deepEqual([lengths(""), lengths("abc"), lengths("a".repeat(255))], [[0], [3], [255]]);
    assert.deepEqual(lengths("a".repeat(511)), [255, 255, 1]);
  });
});

describe("A DNS message", () => {
  test("is written as an update (RFC 2136 §2)", () => {
    const record = { name: "a.b", type: TYPE.TXT, class: CLASS.IN, ttl: 60, data: textData("x") };
    const octets = encodeMessage({
      id: 0x1234,
      opcode: OPCODE.UPDATE,
      question: { name: "b", type: TYPE.SOA, class: CLASS.IN },
      updates: [record],
    });
    const header = "1234 2800 0001 0000 0001 0000";
    assert.deepEqual(octets, hex(`${header} 016200 0006 0001 0161016200 0010 0001 0000003c 0002 0178`));
  });

  test("of Knot is read, with names that are compressed", () => {
    const { id, rcode, isAnswer, isAuthoritative, opcode, authorities, additional } = parseMessage(ANSWER_SOA);
    assert.deepEqual([id, rcode, isAnswer, isAuthoritative, opcode], [0x1a43, 0, true, true, OPCODE.QUERY]);
    assert.deepEqual(
      authorities.map(({ name, type, ttl }) => ({ name, type, ttl })),
      [{ name: "example.com", type: TYPE.SOA, ttl: 60 }],
    );
    assert.deepEqual(
      additional.map(({ name, type }) => ({ name, type })),
      [{ name: "k256", type: TYPE.TSIG }],
    );
  });

  test("is refused wherever it is cut off, and when something follows it", () => {
    for (const whole of [ANSWER_256, ANSWER_LATE, ANSWER_SOA]) {
      for (let length = 0; length < whole.length; length++) {
        assert.throws(() => parseMessage(whole.subarray(0, length)), DnsFormatError, String(length));
      }
      assert.throws(() => parseMessage(Buffer.concat([whole, Buffer.of(0)])), DnsFormatError);
    }
  });

  test("of any octets is read or refused, at once", () => {
    const damaged = fc
      .tuple(fc.integer({ min: 0, max: ANSWER_SOA.length - 1 }), fc.integer({ min: 0, max: 255 }))
      .map(([at, octet]) => Buffer.from(ANSWER_SOA).fill(octet, at, at + 1));
    const random = fc.uint8Array({ maxLength: 600 }).map((octets) => Buffer.from(octets));
    fc.assert(
      fc.property(fc.oneof(damaged, random), (octets) => {
        try {
          parseMessage(octets);
        } catch (error) {
          assert.ok(error instanceof DnsFormatError, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
