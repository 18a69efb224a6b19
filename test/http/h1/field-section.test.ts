import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { FieldSection } from "../../../src/http/h1/field-section.ts";
import { FramingFields } from "../../../src/http/h1/framing.ts";
import { HeadParser } from "../../../src/http/h1/head-parser.ts";
import { HTTP_LIMITS } from "../../../src/http/http-limits.ts";
import { conversations, type Outcome } from "../../support/conversation.ts";
import { testServer } from "../../support/test-server.ts";

/** Everything that a handler can see of a request. */
async function tell(request: Request): Promise<Response> {
  const { method, target, path, search, host, protocol, isConditional } = request;
  const headers = [...request.headers];
  const content = await request.text();
  return Response.json({ method, target, path, search, host, protocol, isConditional, headers, content });
}

const LINES = [
  "GET / HTTP/1.1",
  "GET /a?b HTTP/1.1",
  "HEAD / HTTP/1.1",
  "GET http://A.example/c HTTP/1.1",
  "GET http://a.example:80/c HTTP/1.1",
  "GET http://other.example/c HTTP/1.1",
  "OPTIONS * HTTP/1.1",
  "GET / HTTP/1.0",
  "POST /p HTTP/1.1",
];
const SECTIONS = [
  "Host: A.example\r\n\r\n",
  "Host: a.example\r\n\r\n",
  "hOST: a.example \r\nX: 1\r\n\r\n",
  `Host: a.example\r\nCookie: ${"a=b; ".repeat(40)}\r\n\r\n`,
  "Host: a.example\r\nIf-None-Match: x\r\n\r\n",
  "Host: a.example\r\nConnection: keep-alive\r\n\r\n",
  "Host: a.example\r\nConnection: close\r\n\r\n",
  "Host: a.example\r\nContent-Length: 2\r\n\r\nhi",
  "Host: a.example\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi",
  "Host: a.example\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
  "Host: a b\r\n\r\n",
  "X: 1\r\n\r\n",
  "Host: a.example\r\nX : 1\r\n\r\n",
];

describe("A header section that comes again", () => {
  const converse = conversations(tell);
  const alone = new Map<string, Promise<Outcome>>();
  const answerTo = (request: string): Promise<Outcome> => {
    let outcome = alone.get(request);
    if (outcome === undefined) alone.set(request, (outcome = converse([Buffer.from(request)], false)));
    return outcome;
  };

  test("means what it means alone, whatever came before it", async () => {
    const request = fc.tuple(fc.constantFrom(...LINES), fc.constantFrom(...SECTIONS));
    const requests = fc.array(request, { minLength: 2, maxLength: 7 });
    // Most of them with the section of the one before.
    const conversation = fc.tuple(requests, fc.array(fc.nat(3), { minLength: 7, maxLength: 7 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(conversation, async ([list, same, atOnce]) => {
        let last = list[0]![1];
        const texts = list.map(([line, section], index) => {
          if (same[index] === 0) last = section;
          return `${line}\r\n${last}`;
        });
        let answers = "";
        let closed = false;
        for (const text of texts) {
          const one = await answerTo(text);
          answers += one.answers;
          closed = one.closed;
          if (closed) break;
        }
        const pieces = texts.map((text) => Buffer.from(text));
        assert.deepEqual(await converse(atOnce ? [Buffer.concat(pieces)] : pieces, false), { answers, closed });
      }),
      { numRuns: 3000 },
    );
  });

  test("is answered with 100 (Continue) each time that it asks for it", async () => {
    const fields = "Host: a\r\nConnection: keep-alive\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    const client = testServer(tell).connect();
    // RFC 9110 §10.1.1: not to a client of HTTP/1.0.
    for (const version of ["1.1", "1.1", "1.0", "1.0", "1.1", "1.1"]) {
      client.send(`POST / HTTP/${version}\r\n${fields}`);
      if (version === "1.1") await client.want("HTTP/1.1 100 Continue\r\n\r\n");
      client.send("hi");
      assert.equal((await client.response()).status, 200);
    }
  });

  test("is not read again, and another one is", () => {
    const section = "Host: a.example\r\nX: 1\r\n\r\n";
    const known = new FieldSection(Buffer.from(section), new FramingFields(), "a.example");
    const parser = new HeadParser(HTTP_LIMITS);
    const parse = (text: string): FieldSection | undefined => {
      parser.reset();
      const octets = Buffer.from(text);
      assert.equal(parser.parse(octets, 0, octets.length, known), octets.length, text);
      return parser.section;
    };
    assert.equal(parse(`GET / HTTP/1.1\r\n${section}`), known);
    assert.equal(parse(`GET / HTTP/1.1\r\n${section.replace("1", "2")}`), undefined);
    assert.equal(parse("GET / HTTP/1.1\r\nHost: a.example\r\nX: 1\r\nY: 1\r\n\r\n"), undefined);
    assert.equal(parse(`GET / HTTP/1.1\r\n${section}`), known, "after another one");
  });

  test("is still held against the limit for heads", () => {
    const section = "Host: a.example\r\nX: 1\r\n\r\n";
    const known = new FieldSection(Buffer.from(section), new FramingFields(), "a.example");
    const parser = new HeadParser({ ...HTTP_LIMITS, head: 60 });
    const long = Buffer.from(`GET /${"a".repeat(30)} HTTP/1.1\r\n${section}`);
    assert.equal(parser.parse(long, 0, long.length, known), -1);
    assert.equal(parser.fault?.status, 431);
  });

  test("that is long is found as well as a short one, wherever it stands", () => {
    for (const length of [1, 95, 96, 97, 2000]) {
      const octets = Buffer.alloc(length, "x");
      const known = new FieldSection(octets, new FramingFields(), "");
      const within = Buffer.concat([Buffer.from("ab"), octets, Buffer.from("c")]);
      assert.equal(known.isAt(within, 2, within.length), true);
      assert.equal(known.isAt(within, 2, within.length - 2), false, "not all of it is there");
      assert.equal(known.isAt(within, 1, within.length), false);
      within[length + 1] = 0x79;
      assert.equal(known.isAt(within, 2, within.length), false);
    }
  });
});
