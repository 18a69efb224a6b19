import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { readCertificate, type ServerOptions, WebServer } from "../../src/index.ts";
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

  test("has it told by millrace status until when the staple holds", async () => {
    const leaf = authority.issue();
    await authority.serve();
    await using server = await start(leaf);
    await until(server, /OCSP Response Status: successful/, "-status");
    const [{ staple } = { staple: undefined }] = server.report.certificates;
    assert.deepEqual([staple?.state, staple?.error], ["good", undefined]);
    assert.ok(Math.abs(staple!.until!.getTime() - Date.now() - 7 * 86_400_000) < 60_000);
    await authority.silence();
    const { cert: silent, key } = authority.issue({ responder: null });
    server.certificates.set("silent", readCertificate({ cert: silent, key }));
    assert.deepEqual(
      server.report.certificates.map((each) => each.staple?.state),
      ["good", undefined],
    );
  });

  test("asks nobody and staples nothing when stapling is off", async () => {
    let asked = 0;
    const responder = createServer((socket) => {
      asked++;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    await once(responder, "listening");
    const { port } = responder.address() as { port: number };
    const { chain: cert, key } = authority.issue({ responder: `http://127.0.0.1:${port}/` });
    for (const stapling of [false, true]) {
      await using server = await start({ cert, chain: cert, key }, { tls: { cert, key, stapling } });
      assert.match(await look(server, "-status"), /OCSP response: no response sent/);
      assert.equal(server.report.certificates[0]?.staple === undefined, !stapling);
      assert.equal(asked > 0, stapling);
    }
    responder.close();
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
    assert.equal(server.report.certificates[0]?.staple?.state, "revoked");
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

describe("A server with certificates for RSA and ECDSA", () => {
  const serialOf = ({ cert }: OcspCertificate): string => new X509Certificate(cert).serialNumber;

  /** The serial numbers of the certificate that was shown, and of the one that the staple is about. */
  function serialsOf(text: string): { shown: string | undefined; stapled: string | undefined } {
    const pem = /^Server certificate\n(-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----)/m.exec(text)?.[1];
    const shown = pem === undefined ? undefined : new X509Certificate(pem).serialNumber;
    return { shown, stapled: /Serial Number: (\w+)/.exec(text)?.[1] };
  }

  test("shows each client one that it can do with, and staples that", async () => {
    const [ec, rsa] = [authority.issue(), authority.issue({ kind: "rsa" })];
    const [ofEc, ofRsa] = [serialOf(ec), serialOf(rsa)];
    await authority.serve();
    const certificates = [rsa, ec].map(({ chain: cert, key }) => ({ cert, key }));
    await using server = await start(ec, { tls: { certificates } });
    await until(server, /OCSP Response Status: successful/, "-status", "-sigalgs", "ECDSA+SHA256");
    await until(server, /OCSP Response Status: successful/, "-status", "-sigalgs", "RSA-PSS+SHA256");
    const clients: [serial: string, ...flags: string[]][] = [
      [ofEc],
      [ofEc, "-sigalgs", "RSA-PSS+SHA256:ECDSA+SHA256"],
      [ofRsa, "-sigalgs", "RSA-PSS+SHA256:ECDSA+SHA384"],
      [ofEc, "-tls1_2"],
      [ofEc, "-tls1_2", "-sigalgs", "ECDSA+SHA384"],
      [ofRsa, "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
      [ofRsa, "-tls1_2", "-curves", "X25519"],
      [ofRsa, "-tls1_2", "-sigalgs", "RSA+SHA256:RSA-PSS+SHA256"],
    ];
    for (const [serial, ...flags] of clients) {
      const text = await look(server, "-status", ...flags);
      const what = flags.join(" ");
      assert.match(text, /Cert Status: good[^]*Verify return code: 0/, what);
      assert.deepEqual(serialsOf(text), { shown: serial, stapled: serial }, what);
      // Who does not ask is shown the same by OpenSSL's own choice.
      const without = await look(server, ...flags);
      assert.deepEqual(serialsOf(without), { shown: serial, stapled: undefined }, what);
    }
    assert.equal(await curl(server, "--cert-status"), "hello");
    await authority.silence();
  });

  test("goes on with sessions whichever was shown when they began", async () => {
    const [ec, rsa] = [authority.issue(), authority.issue({ kind: "rsa" })];
    await authority.serve();
    const certificates = [rsa, ec].map(({ chain: cert, key }) => ({ cert, key }));
    await using server = await start(ec, { tls: { certificates } });
    await until(server, /OCSP Response Status: successful/, "-status", "-sigalgs", "ECDSA+SHA256");
    const session = join(folder, "session.pem");
    const first = await look(server, "-status", "-sess_out", session, "-ign_eof");
    assert.match(
      first,
      /^New, TLSv1\.3[^]*OCSP Response Status: successful|OCSP Response Status: successful[^]*^New, TLSv1\.3/m,
    );
    // Without a staple all of the certificates stand there.
    assert.match(await look(server, "-sess_in", session, "-ign_eof"), /^Reused, TLSv1\.3/m);
    await authority.silence();
  });

  test("leaves the choice to OpenSSL, and staples nothing, where none can be stapled", async () => {
    const ec = authority.issue({ responder: "http://127.0.0.1:1/" });
    const rsa = authority.issue({ kind: "rsa" });
    const ofEc = serialOf(ec);
    await authority.serve();
    const certificates = [rsa, ec].map(({ chain: cert, key }) => ({ cert, key }));
    await using server = await start(ec, { tls: { certificates } });
    await until(server, /OCSP Response Status: successful/, "-status", "-sigalgs", "RSA-PSS+SHA256");
    const text = await look(server, "-status");
    assert.match(text, /OCSP response: no response sent/);
    assert.deepEqual(serialsOf(text), { shown: ofEc, stapled: undefined });
    await authority.silence();
  });
});
