import assert from "node:assert/strict";
import { connect, createServer, type ClientHttp2Session, type ServerHttp2Stream } from "node:http2";
import { once } from "node:events";
import { type AddressInfo, connect as open } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DynamicTable } from "../../../src/http/h2/dynamic-table.ts";
import type { Field } from "../../../src/http/h2/field.ts";
import { HpackDecoder } from "../../../src/http/h2/hpack-decoder.ts";
import { HpackEncoder } from "../../../src/http/h2/hpack-encoder.ts";
import { STATIC_TABLE } from "../../../src/http/h2/hpack-tables.ts";
import { decodeHuffman, encodeHuffman, huffmanLength } from "../../../src/http/h2/huffman.ts";
import { Response, WebServer } from "../../../src/index.ts";
import { FrameClient } from "../../support/frame-client.ts";
import { SocketConnection } from "../../support/socket-connection.ts";

type Line = readonly [string, string];

function decode(decoder: HpackDecoder, block: Buffer): Line[] | undefined {
  const lines: Line[] = [];
  const sink = { add: ({ name, value }: Field) => lines.push([name, value]) > 0 };
  return decoder.decode(block, 0, block.length, sink) ? lines : undefined;
}

function encode(encoder: HpackEncoder, lines: readonly Line[]): Buffer {
  return Buffer.from(encoder.start() + lines.map(([name, value]) => encoder.line(name, value)).join(""), "latin1");
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Names that come again, and names that do not. */
const name = fc.oneof(
  fc.constantFrom("x-a", "accept", "user-agent", "cache-control", "x-request-id", "vary", "set-cookie", "etag"),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/).map((text) => `x-${text}`),
);
const value = fc.oneof(
  fc.constantFrom("", "a", "text/html", "gzip, deflate", "no-cache", "v".repeat(300), "1"),
  fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,60}[\x21-\x7e])?$/),
);
const sections = fc.array(fc.array(fc.tuple(name, value), { maxLength: 12 }), { minLength: 1, maxLength: 12 });

describe("HPACK", () => {
  test("reads the examples of RFC 7541 appendix C, with Huffman codes and with evictions", () => {
    const decoder = new HpackDecoder();
    const first: Line[] = [
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
    ];
    assert.deepEqual(decode(decoder, hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")), first);
    assert.deepEqual(decode(decoder, hex("8286 84be 5886 a8eb 1064 9cbf")), [...first, ["cache-control", "no-cache"]]);
    assert.deepEqual(decode(decoder, hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")), [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/index.html"],
      [":authority", "www.example.com"],
      ["custom-key", "custom-value"],
    ]);
    // C.6.1 to C.6.3: a table of 256 octets.
    const small = new HpackDecoder();
    const date = "Mon, 21 Oct 2013 20:13:2";
    const rest: Line[] = [
      ["cache-control", "private"],
      ["date", `${date}1 GMT`],
      ["location", "https://www.example.com"],
    ];
    assert.deepEqual(
      decode(
        small,
        hex(
          "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        ),
      ),
      [[":status", "302"], ...rest],
    );
    assert.deepEqual(decode(small, hex("4883 640e ffc1 c0bf")), [[":status", "307"], ...rest]);
    assert.deepEqual(
      decode(
        small,
        hex(
          "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        ),
      ),
      [
        [":status", "200"],
        ["cache-control", "private"],
        ["date", `${date}2 GMT`],
        ["location", "https://www.example.com"],
        ["content-encoding", "gzip"],
        ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
      ],
    );
  });

  test("passes over what a sink has no use for: the table follows, and what is no field is found", () => {
    const decoder = new HpackDecoder();
    let heard = 0;
    const full = { add: () => ++heard < 2 };
    // x-a: 1 into the table, then references to it, a literal in between, and x-b: 2 into the table behind them.
    const block = hex(`4003782d61 0131 ${"be".repeat(100)} 0003782d63 0131 ${"be82".repeat(100)} 4003782d62 0132`);
    assert.equal(decoder.decode(block, 0, block.length, full), true);
    assert.equal(heard, 4, "two, and each that is written out");
    assert.deepEqual(decode(decoder, hex("bebf")), [
      ["x-b", "2"],
      ["x-a", "1"],
    ]);
    for (const bad of ["bebebec0", "bebebe80", "bebebeff", "bebebeffff7f"]) {
      const octets = hex(bad);
      assert.equal(decoder.decode(octets, 0, octets.length, { add: () => false }), false, bad);
    }
  });

  test("codes every octet by Huffman, in as many octets as it said before", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        const text = Buffer.from(octets).toString("latin1");
        const coded = Buffer.from(encodeHuffman(text), "latin1");
        assert.equal(coded.length, huffmanLength(text));
        assert.equal(decodeHuffman(coded, 0, coded.length), text);
      }),
      { numRuns: 500 },
    );
  });

  test("refuses what is no Huffman code: END_OF_STRING, padding of zeros, padding of an octet", () => {
    for (const bad of ["3fffffff", "ffffffff", "1c6e", "1fff", "00"]) {
      assert.equal(decodeHuffman(hex(bad), 0, bad.length / 2), undefined, bad);
    }
  });

  test("refuses blocks that are none, and never throws", () => {
    const bad = [
      "80",
      "be",
      "ff80",
      "40",
      "4001",
      "400161",
      "40016105",
      "3fe120",
      "8220",
      "7fffffffffff",
      "00ff",
      "408101",
    ];
    for (const block of bad) assert.equal(decode(new HpackDecoder(), hex(block)), undefined, block);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder();
        for (const block of blocks) if (decode(decoder, Buffer.from(block)) === undefined) break;
      }),
      { numRuns: 2000 },
    );
  });

  test("what is encoded is decoded again, section after section, while the table is resized", () => {
    fc.assert(
      fc.property(
        sections,
        fc.array(fc.constantFrom(0, 40, 100, 500, 4096, 65_536), { maxLength: 6 }),
        (all, sizes) => {
          const encoder = new HpackEncoder();
          const decoder = new HpackDecoder();
          for (const [index, lines] of all.entries()) {
            const size = sizes[index];
            if (size !== undefined) encoder.resize(size);
            assert.deepEqual(decode(decoder, encode(encoder, lines)), lines);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("a line is in the table from its second time on; what is secret or hardly comes again never is", () => {
    const encoder = new HpackEncoder();
    const sizes = (line: Line): number[] => [1, 2, 3].map(() => encode(encoder, [line]).length);
    const [once, twice, often] = sizes(["x-policy", "default-src 'self'"]);
    assert.ok(once! > 15 && twice! > 15);
    assert.equal(often, 1);
    for (const line of [
      ["set-cookie", "sid=1234567890"],
      ["authorization", "Basic 1234"],
      ["etag", '"12345"'],
    ] as const) {
      const [first, second, third] = sizes(line);
      assert.ok(third! > 5 && third === first && second === first, line[0]);
    }
    // RFC 7541 §6.2.3: never indexed, also not by who passes it on.
    assert.equal(encode(encoder, [["set-cookie", "a=b"]])[0]! & 0xf0, 0x10);
  });

  test("a table never has more than its size, and what had to go cannot be asked for", () => {
    const gone: string[] = [];
    const table = new DynamicTable<{ name: string; value: string }>(({ name: key }) => void gone.push(key));
    for (let index = 0; index < 200; index++) {
      table.add({ name: `n${index}`, value: "v".repeat(64) });
      assert.ok(table.size <= table.limit);
    }
    assert.equal(table.at(0)?.name, "n199");
    assert.equal(table.at(table.length), undefined);
    assert.equal(gone.length + table.length, 200);
    assert.deepEqual(gone.slice(0, 3), ["n0", "n1", "n2"]);
    table.resize(100);
    // The newest has 4 + 64 + 32 octets.
    assert.deepEqual([table.length, table.at(0)?.name], [1, "n199"]);
    // RFC 7541 §4.4: what is larger than the table empties it.
    table.add({ name: "large", value: "v".repeat(200) });
    assert.equal(table.length, 0);
  });

  test("has the static table of RFC 7541 appendix A", () => {
    assert.equal(STATIC_TABLE.length, 122);
    assert.deepEqual(
      [STATIC_TABLE[0], STATIC_TABLE[30], STATIC_TABLE[31], STATIC_TABLE[120]],
      [":authority", "accept-encoding", "gzip, deflate", "www-authenticate"],
    );
  });
});

describe("HPACK, ours and that of nghttp2 in Node", () => {
  /** Names that Node's client does not send as they are. */
  const LEFT_OUT = new Set([":authority", ":method", ":path", ":scheme", "host"]);

  async function exchange(session: ClientHttp2Session, lines: readonly Line[]): Promise<Line[]> {
    const flat = [":path", "/", ":method", "GET", ...lines.flat()];
    const stream = session.request(flat, { endStream: true });
    const [, , raw] = (await once(stream, "response")) as [unknown, number, string[]];
    stream.resume();
    await once(stream, "close");
    return Array.from({ length: raw.length / 2 }, (_, index): Line => [raw[index * 2]!, raw[index * 2 + 1]!]);
  }

  test("give each other the same fields, in both directions, connection by connection", async () => {
    // What came is sent back as fields: what Node's encoder wrote is read by ours, and the other way about.
    await using server = await new WebServer({
      listen: "127.0.0.1:0",
      log: "off",
      app: (request) => {
        const response = new Response("ok");
        for (const [key, text] of request.headers)
          if (!LEFT_OUT.has(key)) response.headers.append(`x-back-${key}`, text);
        return response;
      },
    }).start();
    await fc.assert(
      fc.asyncProperty(sections, async (all) => {
        const session = connect(server.url);
        for (const lines of all) {
          const sent = new Map<string, string>();
          for (const [key, text] of lines) if (key !== "set-cookie") sent.set(key, text);
          const back = await exchange(session, [...sent]);
          const got = back
            .filter(([key]) => key.startsWith("x-back-"))
            .map(([key, text]): Line => [key.slice(7), text]);
          assert.deepEqual(new Map(got), sent);
        }
        session.close();
      }),
      { numRuns: 60 },
    );
  });

  test("our decoder reads what Node's server encodes, table and all", async () => {
    const peer = createServer();
    peer.on("stream", (stream: ServerHttp2Stream, headers) => {
      const lines = JSON.parse(String(headers["x-lines"])) as Line[];
      stream.respond(Object.fromEntries(lines.filter(([key]) => key !== "x-lines")));
      stream.end();
    });
    await once(peer.listen(0, "127.0.0.1"), "listening");
    const { port } = peer.address() as AddressInfo;
    await fc.assert(
      fc.asyncProperty(sections, async (all) => {
        const socket = open(port, "127.0.0.1");
        await once(socket, "connect");
        const client = new FrameClient(new SocketConnection(socket));
        client.begin();
        for (const [index, lines] of all.entries()) {
          const stream = index * 2 + 1;
          const sent = new Map(lines.filter(([key, text]) => key !== "set-cookie" && text !== ""));
          client.get(stream, { "x-lines": JSON.stringify([...sent]) });
          const { fields } = await client.response(stream);
          for (const own of [":status", "date"]) fields.delete(own);
          assert.deepEqual(fields, sent);
        }
        socket.destroy();
      }),
      { numRuns: 30 },
    );
    peer.close();
  });
});
