import assert from "node:assert/strict";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { connect, type ConnectionOptions } from "node:tls";
import fc from "fast-check";
import { type ClientHello, parseClientHello } from "../../src/tls/client-hello.ts";

/** The first octets that a client of OpenSSL sends. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const sent = Promise.withResolvers<Buffer>();
  const socket = new Duplex({
    read() {},
    write(octets: Buffer, _, done) {
      sent.resolve(octets);
      done();
    },
  });
  const client = connect({ socket, ...options }).on("error", () => {});
  const octets = await sent.promise;
  client.destroy();
  await once(client, "close");
  return octets;
}

/** The same handshake message in records of at most so many octets. */
function inRecords(octets: Buffer, size: number): Buffer {
  const message = octets.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

function read(octets: Buffer): ClientHello {
  const hello = parseClientHello(octets);
  assert.ok(typeof hello === "object", "it cannot be read");
  return hello;
}

describe("A ClientHello", () => {
  test("tells name and protocols", async () => {
    const hello = read(await helloOf({ servername: "WWW.Example.com", ALPNProtocols: ["h2", "http/1.1"] }));
    assert.deepEqual(hello, { name: "www.example.com", protocols: ["h2", "http/1.1"], ticket: "" });
  });

  test("may name nobody", async () => {
    assert.deepEqual(read(await helloOf({})), { name: "", protocols: [], ticket: "" });
  });

  test("is incomplete at every octet but the last", async () => {
    const octets = await helloOf({ servername: "example.com" });
    for (let length = 1; length < octets.length; length++) {
      assert.equal(parseClientHello(octets.subarray(0, length)), "incomplete", `${length} of ${octets.length}`);
    }
  });

  test("may come in several records, but not in a hundred", async () => {
    const octets = await helloOf({ servername: "example.com", ALPNProtocols: ["http/1.1"] });
    assert.equal(read(inRecords(octets, 300)).name, "example.com");
    assert.equal(parseClientHello(inRecords(octets, 8)), "malformed");
  });

  test("that asks for an address asks for no name", async () => {
    const octets = await helloOf({ servername: "abc.example" });
    const at = octets.indexOf("abc.example");
    for (const address of ["10.11.12.13", "[::ffff:10]"]) {
      assert.equal(address.length, 11);
      octets.write(address, at, "latin1");
      assert.equal(read(octets).name, "");
    }
  });

  test("is none when anything else comes first", () => {
    for (const text of ["GET / HTTP/1.1\r\n", "\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", "\x80\x2e\x01\x00\x02\x00"]) {
      assert.equal(parseClientHello(Buffer.from(text, "latin1")), "malformed", JSON.stringify(text));
    }
    // A message of 16 MiB announced.
    assert.equal(parseClientHello(Buffer.from([22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff])), "malformed");
  });

  test("never makes the parser fail, whatever is changed in it", async () => {
    const octets = await helloOf({ servername: "example.com", ALPNProtocols: ["h2", "http/1.1"] });
    const change = fc.tuple(fc.nat(octets.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const changed = Buffer.from(octets);
        for (const [at, octet] of changes) changed[at] = octet;
        const hello = parseClientHello(changed);
        if (typeof hello === "object") assert.ok(hello.name.length <= octets.length);
      }),
      { numRuns: 2000 },
    );
  });
});
