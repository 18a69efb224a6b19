import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { host, WebServer } from "../../src/index.ts";
import { GET_LOCALHOST, type Shaken, sClient } from "../support/s-client.ts";
import { securePort } from "../support/secure-client.ts";
import { testAuthority, testCertificate } from "../support/test-certificates.ts";

const run = promisify(execFile);

/** Alerts of RFC 8446 §6, RFC 6066 §3 and RFC 7301 §3.2. */
const HANDSHAKE_FAILURE = 40;
const PROTOCOL_VERSION = 70;
const UNRECOGNIZED_NAME = 112;
const NO_APPLICATION_PROTOCOL = 120;

/** All that OpenSSL can do, the weak and the anonymous included. */
const ANYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";

describe("openssl s_client against a server", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-openssl-"));
  const authority = join(folder, "authority.pem");
  let server: WebServer;
  let port: number;
  /** Asks by the name `localhost`. */
  let ask: (...args: string[]) => Promise<Shaken>;

  before(async () => {
    writeFileSync(authority, (await testAuthority()).cert);
    const rsa = { cert: join(folder, "rsa.pem"), key: join(folder, "rsa.key") };
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", rsa.key, "-out", rsa.cert];
    await run("openssl", [...made, "-subj", "/CN=both.test", "-addext", "subjectAltName=DNS:both.test"]);
    server = await new WebServer({
      listen: { host: "127.0.0.1", port: 0, tls: true },
      tls: { certificates: [await testCertificate(["localhost"]), await testCertificate(["*.example.com"])] },
      hosts: [
        host("localhost").get("/", () => "hello"),
        host("a.test", { tls: await testCertificate(["a.test"]) }).get("/", () => "a"),
        host("both.test", { tls: { certificates: [await testCertificate(["both.test"]), rsa] } }).get("/", () => "b"),
      ],
      log: "off",
    }).start();
    port = securePort(server);
    ask = (...args) => sClient(port, ["-CAfile", authority, "-servername", "localhost", ...args]);
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  test("a request is answered, over a certificate that is trusted, without compression", async () => {
    const args = ["-CAfile", authority, "-verify_return_error", "-servername", "localhost", "-ign_eof"];
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const { code, output } = await sClient(port, [...args, version], GET_LOCALHOST);
      assert.equal(code, 0, output);
      assert.match(output, /HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhello/);
      assert.match(output, /^ *Verify return code: 0 \(ok\)$/m);
      assert.match(output, /^Compression: NONE$/m);
    }
  });

  test("TLS 1.1 and older are refused by the alert for that", async () => {
    for (const version of ["-tls1", "-tls1_1"]) {
      const { code, alert, cipher, output } = await ask(version, "-cipher", "DEFAULT@SECLEVEL=0");
      assert.deepEqual([code, alert, cipher], [1, PROTOCOL_VERSION, undefined], output);
    }
  });

  test("of all ciphers it takes those with forward secrecy that authenticate, and no other", async () => {
    // With either kind of key: some ciphers are for one alone.
    const taken: string[] = [];
    for (;;) {
      const without = taken.map((cipher) => `:!${cipher}`).join("");
      const names = ["-servername", "both.test", "-tls1_2", "-cipher", `${ANYTHING}${without}`];
      const { cipher, alert, output } = await sClient(port, names);
      if (cipher === undefined) {
        assert.equal(alert, HANDSHAKE_FAILURE, output);
        break;
      }
      assert.ok(!taken.includes(cipher), cipher);
      taken.push(cipher);
    }
    assert.deepEqual(taken, [
      "ECDHE-ECDSA-AES128-GCM-SHA256",
      "ECDHE-RSA-AES128-GCM-SHA256",
      "ECDHE-ECDSA-AES256-GCM-SHA384",
      "ECDHE-RSA-AES256-GCM-SHA384",
      "ECDHE-ECDSA-CHACHA20-POLY1305",
      "ECDHE-RSA-CHACHA20-POLY1305",
    ]);
    const suites = ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256"].map((it) => `TLS_${it}`);
    for (const suite of [...suites, "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"]) {
      const { cipher, alert } = await ask("-tls1_3", "-ciphersuites", suite);
      const expected = suites.includes(suite) ? [suite, undefined] : [undefined, HANDSHAKE_FAILURE];
      assert.deepEqual([cipher, alert], expected, suite);
    }
  });

  test("keys are agreed on by curves that are trusted, and nothing is signed with SHA-1", async () => {
    const shown = { X25519: "X25519", "P-256": "ECDH, prime256v1", "P-384": "ECDH, secp384r1" };
    for (const [curve, name] of Object.entries(shown)) {
      const { output } = await ask("-tls1_3", "-groups", curve);
      assert.ok(output.includes(`\nServer Temp Key: ${name}, `), output);
    }
    for (const curve of ["P-521", "X448", "ffdhe2048"]) {
      assert.equal((await ask("-tls1_3", "-groups", curve)).alert, HANDSHAKE_FAILURE, curve);
    }
    const old = ["-tls1_2", "-sigalgs", "ECDSA+SHA1:RSA+SHA1", "-cipher", "DEFAULT@SECLEVEL=0"];
    assert.equal((await ask(...old)).alert, HANDSHAKE_FAILURE);
  });

  test("of the protocols that it offers the server's choice comes first, and none in common is an alert", async () => {
    const agreed = async (...args: string[]): Promise<unknown> => (await ask(...args)).protocol;
    assert.equal(await agreed("-alpn", "h2,http/1.1"), "h2");
    assert.equal(await agreed("-alpn", "http/1.1,h2"), "h2");
    assert.equal(await agreed("-alpn", "http/1.1"), "http/1.1");
    assert.equal(await agreed("-alpn", "spdy/3,http/1.1"), "http/1.1");
    assert.equal(await agreed(), undefined);
    for (const protocols of ["spdy/3", "h2c", "http/1.0,H2"]) {
      assert.equal((await ask("-alpn", protocols)).alert, NO_APPLICATION_PROTOCOL, protocols);
    }
    // Who does not speak of it gets HTTP/1.1, and who has agreed on HTTP/1.1 nothing else.
    const talk = (args: string[], input: string): Promise<Shaken> =>
      sClient(port, ["-servername", "localhost", "-ign_eof", ...args], input);
    assert.match((await talk([], GET_LOCALHOST)).output, /HTTP\/1\.1 200 OK/);
    const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert.match((await talk(["-alpn", "http/1.1"], preface)).output, /HTTP\/1\.1 505 /);
  });

  test("the name that it asks for chooses the certificate, in any case; an unknown one is refused by name", async () => {
    const subject = async (...args: string[]): Promise<unknown> => (await sClient(port, args)).subject;
    assert.equal(await subject("-servername", "a.test"), "a.test");
    assert.equal(await subject("-servername", "A.TeSt"), "a.test");
    assert.equal(await subject("-servername", "www.example.com"), "*.example.com");
    for (const name of ["b.test", "a.b.example.com", "example.com"]) {
      const { alert, output } = await sClient(port, ["-servername", name]);
      assert.equal(alert, UNRECOGNIZED_NAME, `${name}: ${output}`);
    }
    assert.ok((await subject("-noservername")) !== undefined);
  });

  test("it may not renegotiate, and others are served meanwhile", async () => {
    const args = ["-connect", `127.0.0.1:${port}`, "-servername", "localhost", "-tls1_2"];
    const child = spawn("openssl", ["s_client", ...args], { timeout: 10_000 });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += String(text)));
    child.stdin.on("error", () => {});
    // Its command for that.
    child.stdin.write("R\n");
    const [code] = (await once(child, "close")) as [number];
    assert.match(output, /RENEGOTIATING\n[^]*no renegotiation/);
    assert.equal(code, 1);
    assert.equal((await ask()).code, 0);
  });

  test("a session is resumed in either version, and not at another host", async () => {
    const file = join(folder, "session");
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const at = (name: string, way: string): Promise<Shaken> =>
        sClient(port, ["-servername", name, version, "-ign_eof", way, file], GET_LOCALHOST.replace("localhost", name));
      const first = await at("localhost", "-sess_out");
      assert.deepEqual([first.code, first.isReused], [0, false], first.output);
      const again = await at("localhost", "-sess_in");
      assert.deepEqual([again.code, again.isReused], [0, true], again.output);
      assert.match(again.output, /HTTP\/1\.1 200 OK/);
      const elsewhere = await at("a.test", "-sess_in");
      assert.deepEqual([elsewhere.isReused, elsewhere.subject], [false, "a.test"], elsewhere.output);
    }
  });

  test("curl that speaks plain HTTP to it is told which port this is", async () => {
    const { stdout } = await run("curl", ["-s", "-w", " %{http_code}", `http://localhost:${port}/a?b`]);
    assert.match(stdout, new RegExp(`This port speaks HTTPS[^]*href="https://localhost:${port}/a\\?b"[^]* 400$`));
    const prior = ["-s", "-w", "%{http_code}", "--http2-prior-knowledge", `http://localhost:${port}/`];
    await assert.rejects(run("curl", prior));
    assert.equal((await ask()).code, 0);
  });
});
