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
    const protocols = ["h2", "http/1.1"];
    assert.deepEqual(hello, { name: "www.example.com", protocols, ticket: "", abilities: undefined });
  });

  test("may name nobody", async () => {
    assert.deepEqual(read(await helloOf({})), { name: "", protocols: [], ticket: "", abilities: undefined });
  });

  test("tells what the client can do with certificates when it asks for their status", async () => {
    const options = {
      requestOCSP: true,
      ecdhCurve: "X25519:P-256",
      sigalgs: "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256",
    };
    const suites = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256";
    const { abilities } = read(await helloOf({ ...options, ciphers: `TLS_AES_128_GCM_SHA256:${suites}` }));
    assert.deepEqual(abilities?.versions, [0x0304, 0x0303]);
    assert.deepEqual(
      [abilities?.groups, abilities?.signatures],
      [
        [29, 23],
        [0x0804, 0x0403],
      ],
    );
    assert.deepEqual(abilities?.suites.slice(0, 3), [0x1301, 0xc02f, 0xc02b]);
    const before = read(await helloOf({ ...options, maxVersion: "TLSv1.2" })).abilities;
    assert.deepEqual([before?.versions, before?.groups.length], [[], 2]);
  });

  test("tells nothing of that when it says of signatures in certificates what differs", async () => {
    const octets = await helloOf({ requestOCSP: true, servername: "abc.example" });
    assert.ok(read(octets).abilities);
    // RFC 8446 §4.2.3: in the place of the name, which is as long as it wants to be.
    const at = octets.indexOf(Buffer.from([0, 0, 0, 16, 0, 14, 0, 0, 11]));
    assert.ok(at > 0);
    octets.writeUInt16BE(50, at);
    assert.deepEqual([read(octets).name, read(octets).abilities], ["", undefined]);
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
    const names = { servername: "example.com", ALPNProtocols: ["h2", "http/1.1"] };
    const octets = await helloOf({ ...names, requestOCSP: true });
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
