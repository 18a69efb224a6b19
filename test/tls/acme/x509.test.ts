import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import { issueCertificate } from "../../../src/tls/issue-certificate.ts";
import { isPublicName, keyOfSubject, subjectOf } from "../../../src/tls/acme/subject.ts";
import { certificateId, certificateRequest, generateCertificateKey } from "../../../src/tls/acme/x509.ts";

/** The certificate of RFC 9773, appendix A. */
const ARI_EXAMPLE = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----`;

describe("What is made by X.509", () => {
  test("a request is one to others too, with the names of the order and a signature by its key", async () => {
    const { identifiers } = subjectOf("example.com", "*.example.com", "192.0.2.1", "[2001:db8::1]");
    const request = await certificateRequest(await generateCertificateKey(), identifiers);
    const args = ["req", "-inform", "DER", "-noout", "-text", "-verify"];
    const { stdout, stderr } = spawnSync("openssl", args, { input: request, encoding: "utf8" });
    assert.match(stdout + stderr, /self-signature verify OK|verify OK/);
    assert.match(
      stdout,
      /DNS:example\.com, DNS:\*\.example\.com, IP Address:192\.0\.2\.1, IP Address:2001:DB8:0:0:0:0:0:1/,
    );
  });

  test("the name of a certificate towards its authority is that of RFC 9773, appendix A", async () => {
    const certificate = new X509Certificate(ARI_EXAMPLE);
    assert.equal(await certificateId(certificate), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
    const own = await issueCertificate({ subject: "a", names: ["a.example"], notBefore: 0, notAfter: 1 });
    assert.equal(await certificateId(new X509Certificate(own.cert)), undefined);
  });
});

test("Names that no public authority knows are not ordered for", () => {
  for (const name of ["example.com", "a.b.example.org", "xn--bcher-kva.de"]) assert.ok(isPublicName(name), name);
  const local =
    "localhost a.localhost printer.local x.test intranet 10.0.0.1 [::1] db.internal box.home.arpa abc.onion nas.lan";
  for (const name of local.split(" ")) assert.ok(!isPublicName(name), name);
});

test("Each subject has a key of its own in the storage", () => {
  const keys = ["example.com", "*.example.com", "[2001:db8::1]"].map((name) => keyOfSubject(subjectOf(name)));
  assert.deepEqual(keys, ["example.com", "wildcard_.example.com", "2001-db8--1"]);
});
