import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import * as asn1 from "asn1js";
import * as pki from "pkijs";
import { ChallengeRecords } from "../../../src/tls/acme/challenge-records.ts";
import { dnsExec } from "../../../src/tls/acme/dns-exec.ts";
import { type DnsProvider, dnsSolver } from "../../../src/tls/acme/dns-solver.ts";
import { httpProof } from "../../../src/tls/acme/http-responder.ts";
import { TlsAlpnResponder } from "../../../src/tls/acme/tls-alpn-responder.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryStorage } from "./memory-storage.ts";

const TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const PATH = `/.well-known/acme-challenge/${TOKEN}`;
const NEVER = new AbortController().signal;

function proofFor(name: string, token = TOKEN) {
  return { identifier: { type: "dns" as const, value: name }, token, authorization: `${token}.thumb` };
}

function records(clock = new FakeClock(), storage = new MemoryStorage()) {
  return { challenges: new ChallengeRecords(storage, clock), clock, storage };
}

describe("The path of HTTP challenges", () => {
  test("gives the proof of an outstanding token to the host that it is for, and nothing else", async () => {
    const { challenges } = records();
    await challenges.http.present(proofFor("example.com"), NEVER);
    const ask = (target: string, authority: string): Promise<string | undefined> | undefined =>
      httpProof(challenges, target, authority);
    assert.equal(await ask(PATH, "example.com"), `${TOKEN}.thumb`);
    assert.equal(await ask(PATH, "EXAMPLE.com.:80"), `${TOKEN}.thumb`);
    for (const [target, authority] of [
      [PATH, "www.example.com"],
      [PATH, "example.com.evil.example"],
      [PATH, ""],
      [`${PATH}?`, "example.com"],
      [`${PATH}/`, "example.com"],
      [`${PATH}/../../../admin`, "example.com"],
      [PATH.replace("-P", "%2dP"), "example.com"],
      [PATH.replace("well", "WELL"), "example.com"],
      [`/${PATH}`, "example.com"],
      [`${PATH.slice(0, -1)}B`, "example.com"],
      ["/.well-known/acme-challenge/", "example.com"],
      ["/.well-known/acme-challenge/short", "example.com"],
      ["/.well-known/acme-challenge/../../locks/example.com", "example.com"],
      ["/", "example.com"],
    ] as const) {
      assert.equal(await ask(target, authority), undefined, `${target} of ${authority}`);
    }
  });

  test("gives nothing once the challenge is over, or a day old", async () => {
    const { challenges, clock } = records();
    const proof = proofFor("example.com");
    await challenges.http.present(proof, NEVER);
    clock.advance(86_399_000);
    assert.ok(await httpProof(challenges, PATH, "example.com"));
    clock.advance(1000);
    assert.equal(await httpProof(challenges, PATH, "example.com"), undefined);
    await challenges.http.present(proof, NEVER);
    await challenges.http.cleanUp(proof, NEVER);
    assert.equal(await httpProof(challenges, PATH, "example.com"), undefined);
  });

  test("asks the storage for nothing that is no token", async () => {
    const { challenges, storage } = records();
    storage.get = () => Promise.reject(new Error("asked"));
    for (const token of [
      "a",
      "a".repeat(129),
      "../../../../etc/passwd",
      "a b c d e f g h i j",
      "ä".repeat(20),
      `${TOKEN}\0`,
    ]) {
      assert.equal(await httpProof(challenges, `/.well-known/acme-challenge/${token}`, "example.com"), undefined);
    }
  });

  test("is tidied at the start of what a killed process has left", async () => {
    const { challenges, clock, storage } = records();
    await challenges.http.present(proofFor("old.example"), NEVER);
    clock.advance(86_400_000);
    await challenges.tlsAlpn.present(proofFor("new.example"), NEVER);
    storage.values.set("challenges/http-01/broken", "{");
    await challenges.tidy();
    assert.deepEqual([...storage.values.keys()], ["challenges/tls-alpn-01/new.example"]);
  });
});

describe("The certificate of a TLS-ALPN challenge", () => {
  test("is for the name alone, with the digest of the proof in a critical extension (RFC 8737 §3)", async () => {
    const { challenges, clock } = records();
    await challenges.tlsAlpn.present(proofFor("example.com"), NEVER);
    const responder = new TlsAlpnResponder(challenges, clock);
    const { cert, key } = (await responder.certificateFor("example.com"))!;
    const leaf = new X509Certificate(cert);
    assert.equal(leaf.subjectAltName, "DNS:example.com");
    assert.ok(leaf.verify(leaf.publicKey) && key.includes("PRIVATE KEY"));
    const parsed = pki.Certificate.fromBER(new Uint8Array(leaf.raw).buffer);
    const extension = parsed.extensions?.find(({ extnID }) => extnID === "1.3.6.1.5.5.7.1.31");
    assert.equal(extension?.critical, true);
    const inner = asn1.fromBER(extension.extnValue.valueBlock.valueHexView.slice().buffer).result as asn1.OctetString;
    const digest = createHash("sha256").update(`${TOKEN}.thumb`).digest("hex");
    assert.equal(Buffer.from(inner.valueBlock.valueHexView).toString("hex"), digest);
    assert.equal((await responder.certificateFor("example.com"))?.cert, cert, "it is made once");
  });

  test("of an address is asked for by its name in DNS, and for the address alone (RFC 8738 §6)", async () => {
    const { challenges, clock } = records();
    const responder = new TlsAlpnResponder(challenges, clock);
    const names = [
      ["192.0.2.1", "1.2.0.192.in-addr.arpa", "IP Address:192.0.2.1"],
      [
        "2001:db8::a1",
        "1.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
        "IP Address:2001:DB8:0:0:0:0:0:A1",
      ],
    ] as const;
    for (const [value, name, alternative] of names) {
      const proof = { ...proofFor(value, `${TOKEN}${value.length}`), identifier: { type: "ip" as const, value } };
      await challenges.tlsAlpn.present(proof, NEVER);
      const { cert } = (await responder.certificateFor(name))!;
      assert.equal(new X509Certificate(cert).subjectAltName, alternative);
      await challenges.tlsAlpn.cleanUp(proof, NEVER);
      assert.equal(await responder.certificateFor(name), undefined);
    }
  });

  test("is not made for a name that nobody has ordered for", async () => {
    const { challenges, clock } = records();
    const responder = new TlsAlpnResponder(challenges, clock);
    for (const name of ["example.com", "", "../http-01/x", "a b", "EXAMPLE.com"]) {
      assert.equal(await responder.certificateFor(name), undefined, name);
    }
  });
});

describe("The records of a DNS challenge", () => {
  test("are waited for no longer than five minutes, or until the server stops, whatever their provider does", async () => {
    const hang = (): Promise<void> => new Promise(() => {});
    const proof = proofFor("example.com");
    const providers = [
      [{ present: hang, cleanUp: hang }, /^present\(\) of the DNS provider/],
      [{ present() {}, propagated: hang, cleanUp: hang }, /^propagated\(\) of the DNS provider/],
    ] as const;
    for (const [provider, message] of providers) {
      const solver = dnsSolver(provider, { propagated() {} }, 10);
      await assert.rejects(solver.present(proof, NEVER), { code: "ACME_DNS_HOOK", message });
      await assert.rejects(solver.cleanUp(proof, NEVER), { code: "ACME_DNS_HOOK" });
      const stopping = new AbortController();
      const patient = dnsSolver(provider, { propagated() {} });
      const waiting = [patient.present(proof, stopping.signal), patient.cleanUp(proof, stopping.signal)];
      stopping.abort(new Error("The server stops."));
      for (const each of waiting) await assert.rejects(each, /The server stops/);
    }
  });

  test("are named by the name and hold the digest of the proof (RFC 8555 §8.4)", async () => {
    const calls: string[][] = [];
    const solver = dnsSolver(
      {
        present: (...args) => void calls.push(["present", ...args.slice(0, 2).map(String)]),
        cleanUp: (...args) => void calls.push(["cleanUp", ...args.map(String)]),
      },
      { propagated: (...args) => void calls.push(["propagated", ...args.slice(0, 2).map(String)]) },
    );
    const proof = proofFor("example.com");
    await solver.present(proof, NEVER);
    await solver.cleanUp(proof, NEVER);
    const value = createHash("sha256").update(`${TOKEN}.thumb`).digest("base64url");
    const record = ["_acme-challenge.example.com", value];
    assert.deepEqual(calls, [
      ["present", ...record],
      ["propagated", ...record],
      ["cleanUp", ...record],
    ]);
  });

  test("stand where an alias of the name leads to, and are taken away from there", async () => {
    const calls: string[] = [];
    let target = "a.example.net";
    const provider: DnsProvider = {
      present: (name) => void calls.push(`present ${name}`),
      cleanUp: (name) => void calls.push(`cleanUp ${name}`),
      propagated: (name) => void calls.push(`propagated ${name}`),
    };
    const unaliased = async (name: string): Promise<string> => {
      calls.push(`ask ${name}`);
      return target;
    };
    const solver = dnsSolver(provider, { unaliased, propagated: () => assert.fail() });
    await solver.present(proofFor("example.com"), NEVER);
    target = "b.example.net";
    await solver.cleanUp(proofFor("example.com"), NEVER);
    const name = "_acme-challenge.example.com";
    assert.deepEqual(calls.splice(0), [
      `ask ${name}`,
      "present a.example.net",
      "propagated a.example.net",
      "cleanUp a.example.net",
    ]);
    // Set by a process before, which was killed.
    await solver.cleanUp(proofFor("example.com"), NEVER);
    assert.deepEqual(calls.splice(0), [`ask ${name}`, "cleanUp b.example.net"]);
    const own = dnsSolver({ ...provider, ownAliases: true }, { unaliased, propagated: () => assert.fail() });
    await own.present(proofFor("example.com"), NEVER);
    await own.cleanUp(proofFor("example.com"), NEVER);
    assert.deepEqual(calls, [`present ${name}`, `propagated ${name}`, `cleanUp ${name}`]);
  });

  async function program(context: TestContext, script: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "millrace-acme-"));
    context.after(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "hook.sh");
    await writeFile(path, `#!/bin/sh\n${script}`);
    await chmod(path, 0o700);
    return path;
  }

  test("are set by a program, whose arguments meet no shell", async (context) => {
    const path = await program(context, `printf '%s|' "$@" >> "$0.log"; echo >> "$0.log"`);
    const provider = dnsExec(path, "--zone", "a b; exit 1");
    await provider.present("_acme-challenge.example.com", "-va$lue", NEVER);
    await provider.cleanUp("_acme-challenge.example.com", "-va$lue");
    const lines = (await readFile(`${path}.log`, "utf8")).trim().split("\n");
    const common = "--zone|a b; exit 1|";
    assert.deepEqual(lines, [
      `${common}present|_acme-challenge.example.com.|-va$lue|`,
      `${common}cleanup|_acme-challenge.example.com.|-va$lue|`,
    ]);
  });

  test("fail with what the program says, and what to do", async (context) => {
    const path = await program(context, `echo "no such zone" >&2; exit 3`);
    await assert.rejects(async () => dnsExec(path).present("_acme-challenge.a.b", "v", NEVER), {
      code: "ACME_DNS_HOOK",
      message: `${path} present _acme-challenge.a.b failed (3): no such zone`,
    });
    await assert.rejects(async () => dnsExec(`${path}.missing`).cleanUp("a", "v"), {
      code: "ACME_DNS_HOOK",
      message: /ENOENT/,
    });
  });
});
