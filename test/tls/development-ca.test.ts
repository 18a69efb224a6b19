import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, test } from "node:test";
import { developmentCertificate, developmentFiles } from "../../src/tls/development-ca.ts";

const DAY = 86_400_000;
const folders: string[] = [];
process.on("exit", () => folders.forEach((folder) => rmSync(folder, { recursive: true })));

describe("The certificate for development", () => {
  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-development-"));
    folders.push(folder);
    process.env["XDG_DATA_HOME"] = folder;
  });

  test("is kept, and made anew 30 days before its end by the same authority", async () => {
    const now = Date.now();
    const first = await developmentCertificate([], now);
    assert.equal((await developmentCertificate([], now + 59 * DAY)).serial, first.serial);
    const root = readFileSync(developmentFiles().root, "utf8");
    const next = await developmentCertificate([], now + 61 * DAY);
    assert.notEqual(next.serial, first.serial);
    assert.equal(readFileSync(developmentFiles().root, "utf8"), root);
    assert.ok(new X509Certificate(next.chain).verify(new X509Certificate(root).publicKey));
  });

  test("is for this machine by every name, in the form that clients ask for", async () => {
    const certificate = await developmentCertificate();
    const leaf = new X509Certificate(certificate.chain);
    assert.ok(certificate.covers("localhost"));
    for (const address of ["127.0.0.1", "::1"]) assert.equal(leaf.checkIP(address), address);
  });

  test("is for the hosts of one project and of the other", async () => {
    const first = await developmentCertificate(["app.localhost", "example.com", "*.example.com"]);
    for (const name of ["app.localhost", "example.com", "a.example.com"]) assert.ok(first.covers(name), name);
    const next = await developmentCertificate(["other.test"]);
    assert.ok(next.covers("other.test") && next.covers("a.example.com"));
    assert.equal((await developmentCertificate(["app.localhost"])).serial, next.serial);
  });

  test("is made anew when it was broken, and its authority is written again for browsers", async () => {
    const first = await developmentCertificate();
    const { leaf, root } = developmentFiles();
    writeFileSync(leaf, "-----BEGIN PRIVATE KEY-----\nbroken");
    rmSync(root);
    const next = await developmentCertificate();
    assert.notEqual(next.serial, first.serial);
    assert.match(readFileSync(root, "utf8"), /^-----BEGIN CERTIFICATE-----/);
  });

  test("has one authority when several processes make it at once", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => developmentCertificate()));
    const root = new X509Certificate(readFileSync(developmentFiles().root));
    for (const { chain } of all) assert.ok(new X509Certificate(chain).verify(root.publicKey));
  });

  test("that cannot be kept says where", async () => {
    const file = join(process.env["XDG_DATA_HOME"] ?? "", "file");
    writeFileSync(file, "");
    process.env["XDG_DATA_HOME"] = file;
    await assert.rejects(developmentCertificate(), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, "DEVELOPMENT_CERTIFICATE");
      assert.ok(error.hint.includes(file), error.hint);
      return true;
    });
  });
});
