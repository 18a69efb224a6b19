import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type HeadLimits, HeadParser } from "../../../src/http/h1/head-parser.ts";

const LIMITS: HeadLimits = { line: 8192, head: 16_384, fields: 100 };

/** Reads octets that come in pieces of these lengths, each time with everything so far, at some offset. */
function parse(text: string, lengths: readonly number[] = [], limits = LIMITS, offset = 0) {
  const octets = Buffer.from(" ".repeat(offset) + text, "latin1");
  const parser = new HeadParser(limits);
  let end = offset;
  for (const length of [...lengths, Infinity]) {
    end = Math.min(octets.length, end + length);
    const after = parser.parse(octets, offset, end);
    if (after !== 0) return { after: after === -1 ? -1 : after - offset, parser };
    if (end === octets.length) break;
  }
  return { after: 0, parser };
}

function statusOf(text: string, limits?: HeadLimits): number | undefined {
  return parse(text, [], limits).parser.fault?.status;
}

describe("Parser", () => {
  test("finds the parts of a head, wherever it starts", () => {
    const head = "GET /a?b HTTP/1.0\r\nHost: example.com\r\nX-A:\r\n\r\n";
    for (const offset of [0, 7]) {
      const { after, parser } = parse(`${head}rest`, [], LIMITS, offset);
      assert.equal(after, head.length);
      assert.equal(head.slice(parser.methodStart, parser.methodEnd), "GET");
      assert.equal(head.slice(parser.methodEnd + 1, parser.targetEnd), "/a?b");
      assert.equal(head.slice(parser.fieldsStart, after - 2), "Host: example.com\r\nX-A:\r\n");
      assert.equal(head.slice(parser.framing.hostStart, parser.framing.hostEnd), "example.com");
      assert.equal(parser.minor, 0);
    }
  });

  test("comes to the same result however the head is cut", () => {
    const octets = fc.string({
      unit: fc.constantFrom(...Array.from("GET /:HTTP1.\r\n\t\0\xff"), "\r\n", "Host: a\r\n"),
      maxLength: 40,
    });
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }));
    const starts = fc.constantFrom("", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n");
    fc.assert(
      fc.property(starts, octets, lengths, (start, text, pieces) => {
        const whole = parse(start + text);
        const cut = parse(start + text, pieces);
        assert.deepEqual([cut.after, cut.parser.fault], [whole.after, whole.parser.fault]);
      }),
      { numRuns: 2000 },
    );
  });

  test("reads one head after the other, and nothing of the first is left in the second", () => {
    const parser = new HeadParser(LIMITS);
    const first = "\r\nPOST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nConnection: close, upgrade, keep-alive\r\n";
    const more = "Upgrade: x\r\nExpect: x\r\nRange: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert.notEqual(parser.parse(Buffer.from(first + more), 0, first.length + more.length), -1);
    parser.reset();
    const second = Buffer.from("GET / HTTP/1.1\r\n\r\n");
    assert.equal(parser.parse(second, 0, second.length), second.length);
    const fresh = parse(second.toString()).parser;
    // Where Host ends says nothing unless there is one.
    parser.framing.hostEnd = -1;
    assert.deepEqual(parser, fresh);
    assert.deepEqual(parser.framing.check(1), fresh.framing.check(1));
  });

  const refused: [name: string, head: string, status: number][] = [
    ["a bare CR in a field value", "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", 400],
    ["a bare LF after a field value", "GET / HTTP/1.1\r\nX: a\n\r\n", 400],
    ["a bare LF after the request line", "GET / HTTP/1.1\nX: a\r\n\r\n", 400],
    ["a bare LF at the end of the head", "GET / HTTP/1.1\r\n\n", 400],
    ["a CR that ends nothing", "GET / HTTP/1.1\r\n\rX", 400],
    ["NUL in a field value", "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 400],
    ["DEL in a field value", "GET / HTTP/1.1\r\nX: a\x7fb\r\n\r\n", 400],
    ["a folded line", "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", 400],
    ["white space before the first field", "GET / HTTP/1.1\r\n\tX: a\r\n\r\n", 400],
    ["white space before the colon", "GET / HTTP/1.1\r\nX : a\r\n\r\n", 400],
    ["a field without a name", "GET / HTTP/1.1\r\n: a\r\n\r\n", 400],
    ["a field without a colon", "GET / HTTP/1.1\r\nX\r\n\r\n", 400],
    ["a name that is no token", "GET / HTTP/1.1\r\nX(: a\r\n\r\n", 400],
    ["two empty lines before the request line", "\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400],
    ["a CR before the request line", "\rGET / HTTP/1.1\r\n\r\n", 400],
    ["a method that is no token", "G(T / HTTP/1.1\r\n\r\n", 400],
    ["a request line without a method", " / HTTP/1.1\r\n\r\n", 400],
    ["a request line without a target", "GET  HTTP/1.1\r\n\r\n", 400],
    ["a request line without a version", "GET /\r\n\r\n", 400],
    ["a target with an octet above ASCII", "GET /\xe9 HTTP/1.1\r\n\r\n", 400],
    ["a target with a fragment", "GET /#a HTTP/1.1\r\n\r\n", 400],
    ["a version in lower case", "GET / http/1.1\r\n\r\n", 400],
    ["a version with two digits", "GET / HTTP/1.11\r\n\r\n", 400],
    ["a version without its minor digit", "GET / HTTP/1.\r\n\r\n", 400],
    ["white space after the version", "GET / HTTP/1.1 \r\n\r\n", 400],
    ["another major version", "GET / HTTP/2.0\r\n\r\n", 505],
    ["version 0.9 spelled out", "GET / HTTP/0.9\r\n\r\n", 505],
    ["a version with a leading zero", "GET / HTTP/01.1\r\n\r\n", 400],
    ["another major version that goes on", "GET / HTTP/2.0x\r\n\r\n", 400],
    ["a doubled Host", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400],
    ["a length with a sign", "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400],
    ["a length of 16 digits", "GET / HTTP/1.1\r\nContent-Length: 1000000000000000\r\n\r\n", 400],
    ["an empty length", "GET / HTTP/1.1\r\nContent-Length: \r\n\r\n", 400],
    ["a list of lengths", "GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400],
    ["a hidden coding", "GET / HTTP/1.1\r\nTransfer-Encoding: x, chunked\r\n\r\n", 400],
    ["an unknown coding", "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501],
    ["NBSP after chunked", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\xa0\r\n\r\n", 400],
  ];
  for (const [name, head, status] of refused) {
    test(`rejects ${name}`, () => {
      assert.equal(statusOf(head), status);
      assert.equal(
        parse(
          head,
          Array.from(head, () => 1),
        ).parser.fault?.status,
        status,
      );
    });
  }

  test("says which limit was passed", () => {
    const limits = { line: 40, head: 60, fields: 2 };
    assert.equal(statusOf(`GET /${"a".repeat(40)}`, limits), 414);
    assert.equal(statusOf(`GET / HTTP/1.1\r\nX: ${"a".repeat(60)}`, limits), 431);
    assert.equal(statusOf("GET / HTTP/1.1\r\nA:b\r\nC:d\r\n\r\n", limits), undefined);
    assert.equal(statusOf("GET / HTTP/1.1\r\nA:b\r\nC:d\r\nE:f\r\n\r\n", limits), 431);
    assert.equal(statusOf(`GET /${"a".repeat(40)}`, { ...limits, line: 100, head: 20 }), 414);
  });

  test("reads a trailer section without making anything of it", () => {
    const parser = new HeadParser({ line: 0, head: 100, fields: 5 });
    parser.resetForTrailers();
    const section = Buffer.from("Content-Length: x\r\nHost: a\r\nHost: b\r\n\r\n");
    assert.equal(parser.parse(section, 0, section.length), section.length);
    assert.equal(parser.framing.length, -1);
  });
});
