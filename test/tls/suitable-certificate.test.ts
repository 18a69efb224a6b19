import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Certificate } from "../../src/tls/certificate.ts";
import type { ClientAbilities } from "../../src/tls/client-hello.ts";
import { suitableCertificate } from "../../src/tls/suitable-certificate.ts";

function certificate(keyType: string, curve?: string): Certificate {
  return { keyType, curve } as Certificate;
}

const P256 = certificate("ec", "prime256v1");
const P384 = certificate("ec", "secp384r1");
const ED = certificate("ed25519");
const RSA = certificate("rsa");

/** A client of TLS 1.3 that can do everything. */
const NEW: ClientAbilities = {
  versions: [0x0304, 0x0303],
  suites: [0x1301, 0xc02b, 0xc02f],
  groups: [29, 23, 24],
  signatures: [0x0804, 0x0403, 0x0503, 0x0807, 0x0401],
};
const OLD: ClientAbilities = { ...NEW, versions: [] };

describe("Of several certificates", () => {
  test("the kind that OpenSSL prefers is taken where the client can do everything", () => {
    for (const client of [NEW, OLD]) {
      for (const set of [
        [RSA, P256],
        [P256, RSA],
      ]) {
        assert.equal(suitableCertificate(set, client), P256);
      }
      assert.equal(suitableCertificate([RSA, ED], client), ED);
      assert.equal(suitableCertificate([RSA, P384, ED], client), P384);
    }
  });

  test("the last of a type is taken, as OpenSSL has one of each", () => {
    assert.equal(suitableCertificate([P256, P384, RSA], NEW), P384);
    assert.equal(suitableCertificate([P256, P384, RSA], { ...NEW, signatures: [0x0403, 0x0804] }), RSA);
  });

  test("one is taken whose signatures the client knows: in TLS 1.3 with the curve and by PSS", () => {
    for (const [signatures, expected, before] of [
      [[0x0403], P256, P256],
      // With SHA-384, on any curve up to TLS 1.2.
      [[0x0503], undefined, P256],
      [[0x0804], RSA, RSA],
      [[0x0401], undefined, RSA],
      [[0x0203], undefined, undefined],
      [[], undefined, undefined],
    ] as const) {
      const what = signatures.join();
      assert.equal(suitableCertificate([P256, RSA], { ...NEW, signatures }), expected, what);
      assert.equal(suitableCertificate([P256, RSA], { ...OLD, signatures }), before, `${what} in TLS 1.2`);
    }
  });

  test("one is taken that suites and curves allow, which TLS 1.3 does not ask for", () => {
    for (const [limits, before] of [
      [{ suites: [0xc02f] }, RSA],
      [{ suites: [0xcca9] }, P256],
      [{ suites: [0x009c] }, undefined],
      [{ groups: [29, 24] }, RSA],
      [{ groups: [] }, RSA],
    ] as const) {
      assert.equal(suitableCertificate([P256, RSA], { ...OLD, ...limits }), before, JSON.stringify(limits));
      assert.equal(suitableCertificate([P256, RSA], { ...NEW, ...limits }), P256);
    }
  });

  test("none is taken of kinds that are not known here", () => {
    assert.equal(suitableCertificate([certificate("rsa-pss"), certificate("ec", "secp521r1")], NEW), undefined);
    assert.equal(suitableCertificate([certificate("ec", "secp521r1"), RSA], NEW), RSA);
  });
});
