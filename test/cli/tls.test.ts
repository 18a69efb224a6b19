import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { commandResult, startCommand } from "../support/run-command.ts";
import { OcspAuthority } from "../support/ocsp-authority.ts";
import { testAuthority, testCertificate } from "../support/test-certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-cli-tls-"));
after(() => rmSync(folder, { recursive: true }));
// The tests' own authority, not that of whoever runs them.
process.env["XDG_DATA_HOME"] = join(folder, "data");
const root = join(folder, "data/millrace/root.pem");

const site = join(folder, "site");
mkdirSync(site);
writeFileSync(join(site, "index.html"), "<h1>hello</h1>");

async function files(): Promise<{ cert: string; key: string; ca: string }> {
  const { cert, key } = await testCertificate(["localhost"]);
  const paths = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem"), ca: join(folder, "ca.pem") };
  writeFileSync(paths.cert, cert);
  writeFileSync(paths.key, key);
  writeFileSync(paths.ca, (await testAuthority()).cert);
  return paths;
}

function onLocalhost(url: string): string {
  return url.replace("127.0.0.1", "localhost");
}

describe("millrace --tls", () => {
  test("serves with a certificate for development that whoever trusts its authority trusts", async () => {
    await using server = await startCommand([site, "--tls", "--port", "0", "--log", "off"]);
    assert.match(server.url, /^https:\/\/127\.0\.0\.1:/);
    const flags = ["--cacert", root, "-w", " %{http_version} %{ssl_verify_result}"];
    assert.equal(await server.curl(...flags, onLocalhost(server.url)), "<h1>hello</h1> 2 0");
    assert.equal(await server.curl(...flags, "--http1.1", server.url), "<h1>hello</h1> 1.1 0");
    await assert.rejects(server.curl(onLocalhost(server.url)), { code: 60 });
    // Made once: the second server has the same.
    const before = readFileSync(root, "utf8");
    await using second = await startCommand([site, "--tls", "--port", "0", "--log", "off"]);
    assert.equal(await second.curl("--cacert", root, onLocalhost(second.url)), "<h1>hello</h1>");
    assert.equal(readFileSync(root, "utf8"), before);
    for (const file of ["authority.pem", "localhost.pem"]) {
      assert.equal(statSync(join(folder, "data/millrace", file)).mode & 0o777, 0o600, file);
    }
  });

  test("serves with a certificate of files, in every worker", async () => {
    const { cert, key, ca } = await files();
    const flags = ["--cert", cert, "--key", key, "--workers", "2", "--port", "0", "--log", "off"];
    await using server = await startCommand([site, ...flags]);
    for (let count = 0; count < 4; count++) {
      assert.equal(await server.curl("--cacert", ca, onLocalhost(server.url)), "<h1>hello</h1>");
    }
  });

  test("with a certificate that is missing or broken starts nothing, and says what to do", async () => {
    const { cert, key } = await files();
    const other = join(folder, "other.key");
    writeFileSync(other, (await testCertificate(["localhost"])).key);
    const told = async (...flags: string[]): Promise<string> => {
      const { code, stdout, stderr } = await commandResult([site, "--port", "0", ...flags]);
      assert.deepEqual([code, stdout], [1, ""], stderr);
      return stderr;
    };
    const missing = join(folder, "missing.pem");
    assert.match(await told("--cert", missing, "--key", key), /CERTIFICATE_MISSING.*missing\.pem does not exist/);
    const mismatch = await told("--cert", cert, "--key", other);
    assert.match(mismatch, /KEY_MISMATCH.*other\.key does not belong to the certificate .*cert\.pem/);
    assert.doesNotMatch(mismatch, /task_queues/);
    const broken = join(folder, "broken.pem");
    writeFileSync(broken, readFileSync(cert, "utf8").replace(/^MII.*$/m, ""));
    const unread = await told("--cert", broken, "--key", key);
    assert.match(unread, /CERTIFICATE_INVALID.*broken\.pem holds no certificate that can be read/);
    writeFileSync(broken, "no PEM at all");
    assert.match(await told("--cert", broken, "--key", key), /CERTIFICATE_INVALID.*broken\.pem holds no certificate/);
    assert.match(await told("--cert", cert, "--key", broken), /KEY_INVALID.*broken\.pem holds no private key/);
    const { code, stderr } = await commandResult([site, "--cert", cert]);
    assert.deepEqual([code, /--cert and --key go together/.test(stderr)], [2, true], stderr);
  });
});

describe("millrace status", () => {
  test("tells of each certificate who issued it, until when it is valid, and until when its staple holds", async () => {
    await using authority = new OcspAuthority();
    await authority.settle();
    const { chain, key } = authority.issue();
    await authority.serve();
    const paths = { cert: join(folder, "stapled.pem"), key: join(folder, "stapled.key") };
    writeFileSync(paths.cert, chain);
    writeFileSync(paths.key, key);
    process.env["XDG_RUNTIME_DIR"] = mkdtempSync(join(folder, "run-"));
    await using _ = await startCommand([site, "--cert", paths.cert, "--key", paths.key, "--port", "0", "--log", "off"]);
    const deadline = Date.now() + 20_000;
    for (let text = ""; ;) {
      text = (await commandResult(["status"])).stdout;
      if (!/ none$/m.test(text) || Date.now() > deadline) {
        const time = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.source;
        assert.match(text, /^ {2}certificate +issuer +file +expires +staple$/m);
        const row = `^  localhost  +OCSP authority  +\\S*stapled\\.pem  +${time} \\(in (?:29|30) days\\)  +until ${time}$`;
        assert.match(text, new RegExp(row, "m"));
        break;
      }
    }
  });
});

describe("millrace check", () => {
  test("reads the certificates that a config names", async () => {
    const config = join(folder, "millrace.config.ts");
    const missing = join(folder, "missing.pem");
    const options = { listen: { port: 0, tls: true }, tls: { cert: missing, key: missing } };
    writeFileSync(config, `export default { ...${JSON.stringify(options)}, app: () => "hello" };\n`);
    const { code, stderr } = await commandResult(["check", config]);
    assert.equal(code, 1);
    assert.match(stderr, /CERTIFICATE_MISSING.*missing\.pem does not exist/);
  });
});

describe("millrace cert", () => {
  test("shows what there is, and tells how to trust it", async () => {
    const none = await commandResult(["cert", "show"], { env: { XDG_DATA_HOME: join(folder, "empty") } });
    assert.deepEqual([none.code, none.stderr], [1, "millrace: there are none yet, --tls makes them.\n"]);
    const trust = await commandResult(["cert", "trust"]);
    assert.equal(trust.code, 0, trust.stderr);
    assert.ok(trust.stdout.startsWith(`The authority for development is ${root}\n`), trust.stdout);
    assert.match(trust.stdout, /NODE_EXTRA_CA_CERTS=/);
    const shown = await commandResult(["cert", "--json"]);
    const [authority, leaf] = JSON.parse(shown.stdout) as { names: string; expires: string; fingerprint256: string }[];
    assert.equal(authority?.fingerprint256, new X509Certificate(readFileSync(root)).fingerprint256);
    assert.match(leaf?.names ?? "", /^localhost, /);
    assert.ok(new Date(leaf?.expires ?? 0).getTime() > Date.now());
    assert.match((await commandResult(["cert"])).stdout, /^certificate +for +expires\n/);
    assert.equal((await commandResult(["cert", "burn"])).code, 2);
  });
});
