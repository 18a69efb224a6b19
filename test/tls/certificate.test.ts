import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Certificate } from "../../src/tls/certificate.ts";
import { readCertificate } from "../../src/tls/certificate-files.ts";
import { testAuthority, testCertificate } from "../support/test-certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-certificate-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("A certificate", () => {
  test("says whom it is for, who has signed it and until when", async () => {
    const made = await testCertificate(["Example.com", "*.example.com", "127.0.0.1"]);
    const certificate = new Certificate(made);
    assert.deepEqual(certificate.names, ["example.com", "*.example.com", "127.0.0.1"]);
    assert.equal(certificate.issuer, "millrace test authority");
    assert.equal(certificate.keyType, "ec");
    const days = (certificate.notAfter - Date.now()) / 86_400_000;
    assert.ok(days > 9.9 && days < 10.1, String(days));
    assert.ok(certificate.covers("example.com") && certificate.covers("a.example.com"));
    assert.ok(!certificate.covers("a.b.example.com") && !certificate.covers("example.org"));
  });

  test("has its chain with it, and may share a file with its key", async () => {
    const { cert, key } = await testCertificate(["example.com"]);
    const { cert: root } = await testAuthority();
    const path = file("all.pem", `${cert}${root}${key}`);
    const certificate = readCertificate({ cert: path, key: path });
    assert.equal(certificate.chain.match(/BEGIN CERTIFICATE/g)?.length, 2);
    assert.deepEqual(certificate.origin.cert, path);
  });

  test("takes a key that is encrypted, with its passphrase", async () => {
    const { cert, key } = await testCertificate(["example.com"]);
    const format = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "open sesame" } as const;
    const encrypted = createPrivateKey(key).export(format);
    assert.ok(encrypted.includes("ENCRYPTED"));
    assert.equal(new Certificate({ cert, key: encrypted, passphrase: "open sesame" }).key, key);
    assert.throws(() => new Certificate({ cert, key: encrypted }), {
      code: "KEY_ENCRYPTED",
      message: /is encrypted\.$/,
    });
    assert.throws(() => new Certificate({ cert, key: encrypted, passphrase: "no" }), { code: "KEY_ENCRYPTED" });
  });

  test("that is missing or broken, or has another's key, is refused by the name of its file", async () => {
    const { cert, key } = await testCertificate(["example.com"]);
    const other = await testCertificate(["example.org"]);
    const certPath = file("cert.pem", cert);
    const keyPath = file("key.pem", other.key);
    const missing = join(folder, "missing.pem");
    const refused = (files: { cert: string; key: string }, code: string, path: string): void =>
      assert.throws(
        () => readCertificate(files),
        (error: Error & { code: string; hint: string }) => {
          assert.equal(error.code, code);
          assert.ok(error.message.includes(path), error.message);
          assert.ok(error.hint.length > 0);
          return true;
        },
      );
    refused({ cert: missing, key }, "CERTIFICATE_MISSING", missing);
    refused({ cert, key: missing }, "CERTIFICATE_MISSING", missing);
    refused({ cert: certPath, key: keyPath }, "KEY_MISMATCH", keyPath);
    const broken = file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    refused({ cert: broken, key }, "CERTIFICATE_INVALID", broken);
    const empty = file("empty.pem", "");
    refused({ cert: empty, key }, "CERTIFICATE_INVALID", empty);
    refused({ cert, key: empty }, "KEY_INVALID", empty);
  });
});
