import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { type ServerOptions, WebServer } from "../../src/index.ts";
import { OcspAuthority, type OcspCertificate } from "../support/ocsp-authority.ts";
import { securePort } from "../support/secure-client.ts";
import type { LogEntry } from "../support/test-server.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "millrace-stapling-"));
const authority = new OcspAuthority();
// Certificates say where their status is asked before anybody answers there.
before(() => authority.settle());
after(async () => {
  rmSync(folder, { recursive: true });
  await authority[Symbol.asyncDispose]();
});
writeFileSync(join(folder, "root.pem"), authority.own.cert);

async function start({ chain, key }: OcspCertificate, options: ServerOptions = {}) {
  const entries: LogEntry[] = [];
  const log = {
    write: (level: LogEntry["level"], message: string, fields: LogEntry["fields"]) =>
      entries.push({ level, message, fields }),
  };
  const listen = { host: "127.0.0.1", port: 0, tls: true } as const;
  const server = new WebServer({ listen, log, app: () => "hello", tls: { cert: chain, key }, ...options });
  await server.start();
  return Object.assign(server, { entries });
}

/** What `openssl s_client` says of a connection; it judges the staple by the root itself. */
async function look(server: WebServer, ...flags: string[]): Promise<string> {
  const to = ["-connect", `127.0.0.1:${securePort(server)}`, "-servername", "localhost"];
  const args = ["s_client", ...to, "-CAfile", join(folder, "root.pem"), "-alpn", "http/1.1", ...flags];
  const looking = run("openssl", args);
  looking.child.stdin?.end("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return (await looking.catch((error: { stdout: string; stderr: string }) => error)).stdout;
}

async function curl(server: WebServer, ...flags: string[]): Promise<string> {
  const port = securePort(server);
  const trust = ["--cacert", join(folder, "root.pem"), "--resolve", `localhost:${port}:127.0.0.1`];
  return (await run("curl", ["-sS", "--max-time", "20", ...trust, ...flags, `https://localhost:${port}/`])).stdout;
}

/** Looks until something is seen. */
async function until(server: WebServer, seen: RegExp, ...flags: string[]): Promise<string> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const text = await look(server, ...flags);
    if (seen.test(text)) return text;
    assert.ok(Date.now() < deadline, text);
  }
}

describe("A server whose certificate names a responder", () => {
  test("staples what OpenSSL's responder says, in TLS 1.2 and 1.3, to who asks and nobody else", async () => {
    const leaf = authority.issue();
    await authority.serve();
    await using server = await start(leaf);
    for (const version of ["-tls1_3", "-tls1_2"]) {
      const text = await until(server, /OCSP Response Status: successful/, "-status", version);
      assert.match(text, /Cert Status: good/);
      assert.match(text, /Verify return code: 0/);
      assert.equal(await curl(server, "--cert-status"), "hello");
      const without = await look(server, version);
      assert.doesNotMatch(without, /OCSP response/i);
      assert.match(without, /Verify return code: 0/);
    }
    await authority.silence();
  });

  test("staples what a responder that was made for that says", async () => {
    const signer = authority.issue({ name: "responder", usage: "OCSPSigning", responder: null });
    const leaf = authority.issue();
    await authority.serve({ signer });
    await using server = await start(leaf);
    assert.match(await until(server, /OCSP Response Status: successful/, "-status"), /Cert Status: good/);
    await authority.silence();
  });

  test("says that it is revoked in its log, and staples nothing", async () => {
    const leaf = authority.issue();
    authority.revoke(leaf);
    await authority.serve();
    await using server = await start(leaf);
    const deadline = Date.now() + 30_000;
    while (!server.entries.some(({ message }) => message.startsWith("A certificate has been revoked"))) {
      assert.ok(Date.now() < deadline, JSON.stringify(server.entries));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.match(await look(server, "-status"), /OCSP response: no response sent/);
    await assert.rejects(curl(server, "--cert-status"), /No OCSP response received/);
    await authority.silence();
  });

  test("answers all the same when the responder does not, or says nothing", async () => {
    const tarpit = createServer(() => {}).listen(0, "127.0.0.1");
    await once(tarpit, "listening");
    const { port } = tarpit.address() as { port: number };
    for (const responder of ["http://127.0.0.1:1/", `http://127.0.0.1:${port}/`]) {
      await using server = await start(authority.issue({ responder }));
      const text = await look(server, "-status");
      assert.match(text, /OCSP response: no response sent/);
      assert.match(text, /Verify return code: 0/);
    }
    tarpit.close();
  });
});
