import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ocspRequest } from "../../../src/tls/ocsp/ocsp-request.ts";
import { OcspError, readOcspResponse } from "../../../src/tls/ocsp/ocsp-response.ts";
import { ocspFacts, type OcspTarget } from "../../../src/tls/ocsp/ocsp-target.ts";
import { OcspAuthority, type OcspCertificate, type OcspRespondInit } from "../../support/ocsp-authority.ts";

const DAY = 86_400_000;
const authority = new OcspAuthority();
after(() => authority[Symbol.asyncDispose]());

const leaf = authority.issue({ responder: "http://ocsp.example/" });
const target = targetOf(leaf);

function targetOf({ chain }: OcspCertificate): OcspTarget {
  return ocspFacts(chain).target!;
}

async function respond(init?: OcspRespondInit, of = target, by = authority): Promise<Buffer> {
  return by.respond(await ocspRequest(of), init);
}

async function refused(octets: Buffer, message: RegExp, now = Date.now()): Promise<void> {
  await assert.rejects(readOcspResponse(octets, target, now), (error: Error) => {
    assert.ok(error instanceof OcspError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe("What a chain says about its status", () => {
  test("is where to ask, and whom to believe", () => {
    const { target: found, mustStaple, lacksIssuer } = ocspFacts(leaf.chain);
    assert.deepEqual([found?.url, mustStaple, lacksIssuer], ["http://ocsp.example/", false, false]);
    assert.equal(found?.issuer.subject, "CN=OCSP authority");
  });

  test("may be nothing, or that clients want a staple", () => {
    const none = { target: undefined, mustStaple: false, lacksIssuer: false };
    assert.deepEqual(ocspFacts(authority.issue({ responder: null }).chain), none);
    assert.deepEqual(ocspFacts(""), none);
    assert.deepEqual(ocspFacts(authority.issue({ responder: null, mustStaple: true }).chain), {
      ...none,
      mustStaple: true,
    });
    assert.equal(ocspFacts(authority.issue({ responder: "http://a/", mustStaple: true }).chain).mustStaple, true);
  });

  test("is of no use without the issuer, or with somebody of its name", async () => {
    await using other = new OcspAuthority();
    assert.deepEqual(ocspFacts(leaf.cert), { target: undefined, mustStaple: false, lacksIssuer: true });
    assert.equal(ocspFacts(leaf.cert + other.own.cert).lacksIssuer, true);
    assert.ok(ocspFacts(leaf.cert + other.own.cert + authority.own.cert).target);
    const { cert } = authority.issue({ responder: "http://a/", byNameAlone: true });
    assert.ok(ocspFacts(cert + authority.own.cert).target);
    assert.equal(ocspFacts(cert + other.own.cert).lacksIssuer, true);
  });

  test("is no URL of another kind", () => {
    const ldap = authority.issue({ responder: "ldap://ocsp.example/" });
    assert.equal(ocspFacts(ldap.chain).target, undefined);
  });
});

describe("A response of OpenSSL's responder", () => {
  test("is good, from when until when", async () => {
    const answer = await readOcspResponse(await respond(), target, Date.now());
    assert.deepEqual([answer.status, answer.revokedAt], ["good", undefined]);
    assert.ok(Math.abs(answer.thisUpdate - Date.now()) < 60_000);
    assert.equal(answer.nextUpdate - answer.thisUpdate, 7 * DAY);
  });

  test("is revoked, since when, or unknown", async () => {
    const revoked = authority.issue({ responder: "http://ocsp.example/" });
    authority.revoke(revoked);
    const octets = await respond({}, targetOf(revoked));
    const answer = await readOcspResponse(octets, targetOf(revoked), Date.now());
    assert.deepEqual([answer.status, answer.revokedAt], ["revoked", Date.UTC(2025, 11, 31, 23, 59, 59)]);
    authority.forget(revoked);
    const unknown = await respond({}, targetOf(revoked));
    assert.equal((await readOcspResponse(unknown, targetOf(revoked), Date.now())).status, "unknown");
  });

  test("may be signed by who was made for that by the issuer, and by nobody else", async () => {
    const responder = authority.issue({ name: "responder", usage: "OCSPSigning", responder: null });
    const octets = await respond({ signer: responder });
    assert.equal((await readOcspResponse(octets, target, Date.now())).status, "good");
    const nobody = /signed by nobody who may answer/;
    await refused(octets, nobody, Date.now() - 2 * DAY);
    await refused(await respond({ signer: responder, flags: ["-ndays", "90"] }), nobody, Date.now() + 40 * DAY);
    await refused(await respond({ signer: authority.issue({ name: "server", responder: null }) }), nobody);
    await using other = new OcspAuthority();
    for (const byNameAlone of [false, true]) {
      const stranger = other.issue({ name: "responder", usage: "OCSPSigning", responder: null, byNameAlone });
      await refused(await respond({ signer: stranger }), nobody);
    }
    await refused(await respond({ signer: other.own }), nobody);
    await refused(await respond({ flags: ["-ndays", "7", "-badsig"] }), nobody);
  });

  test("holds for its time alone", async () => {
    const octets = await respond();
    await refused(octets, /too old/, Date.now() + 8 * DAY);
    await refused(octets, /from the future/, Date.now() - DAY);
    await readOcspResponse(octets, target, Date.now() - 200_000);
    await refused(await respond({ flags: [] }), /does not say until when/);
  });

  test("is about this certificate, and signed by more than SHA-1", async () => {
    const another = authority.issue({ responder: "http://ocsp.example/" });
    await refused(await respond({}, targetOf(another)), /about another certificate/);
    await refused(await respond({ flags: ["-ndays", "7", "-rmd", "sha1"] }), /algorithm that is not taken/);
  });

  test("may say that there is none", async () => {
    for (const [status, name] of [
      [1, "malformedRequest"],
      [2, "internalError"],
      [3, "tryLater"],
      [6, "unauthorized"],
      [9, "status 9"],
    ] as const) {
      await refused(Buffer.from([0x30, 3, 0x0a, 1, status]), new RegExp(`^the responder says ${name}$`));
    }
  });

  for (const kind of ["ec", "rsa"] as const) {
    test(`is refused wherever it is cut off or damaged, and never good then (${kind})`, async () => {
      await using issuer = new OcspAuthority(kind);
      const of = targetOf(issuer.issue({ responder: "http://ocsp.example/" }));
      const octets = await respond({ flags: ["-ndays", "7", "-resp_no_certs"] }, of, issuer);
      const isRefused = (given: Buffer, what: string): Promise<void> =>
        assert.rejects(readOcspResponse(given, of, Date.now()), (error: Error) => {
          assert.ok(error instanceof OcspError, `${what}: ${String(error)}`);
          return true;
        });
      assert.equal((await readOcspResponse(octets, of, Date.now())).status, "good");
      for (let at = 0; at < octets.length; at++) {
        await isRefused(octets.subarray(0, at), `the first ${at} octets`);
        for (const bits of [0x01, 0x80]) {
          const damaged = Buffer.from(octets);
          damaged[at]! ^= bits;
          await isRefused(damaged, `octet ${at}`);
        }
      }
      for (const given of [Buffer.concat([octets, Buffer.of(0)]), Buffer.alloc(0), Buffer.from("<html>")]) {
        await isRefused(given, given.toString("latin1"));
      }
    });
  }
});
