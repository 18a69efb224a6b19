import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { promisify } from "node:util";
import { freePort } from "../../support/run-server.ts";
import { Knot } from "./knot.ts";
import { Pebble } from "./pebble.ts";
import { Folder, Site } from "./site.ts";

const ROOT = join(import.meta.dirname, "../../..");
const run = promisify(execFile);

/** One thing that has to hold with Pebble. */
export interface AcmeCase {
  readonly name: string;
  run(pebble: Pebble): Promise<void>;
}

const STATE = "state.json";

function proved(challenge: "http-01" | "tls-alpn-01"): AcmeCase {
  return {
    name: `${challenge}: curl trusts what two hosts serve`,
    async run(pebble) {
      using folder = new Folder();
      const names = [`a-${challenge}.example.com`, `b-${challenge}.example.com`];
      await using site = new Site(
        pebble,
        { names, acme: { agree: true, challenge, storage: folder.path } },
        folder.path,
      );
      for (const name of names) await site.serves(name);
    },
  };
}

const dns: AcmeCase = {
  name: "dns-01 by a program: a wildcard and its name in one certificate",
  async run(pebble) {
    using folder = new Folder();
    const hook = join(folder.path, "hook.sh");
    // One value at a time is all that this DNS server can take away.
    const script = `#!/bin/sh
case $1 in
  present) curl -sSf -d "{\\"host\\":\\"$2\\",\\"value\\":\\"$3\\"}" ${pebble.dnsManagement}/set-txt ;;
  cleanup) curl -sSf -d "{\\"host\\":\\"$2\\"}" ${pebble.dnsManagement}/clear-txt ;;
esac
`;
    writeFileSync(hook, script);
    chmodSync(hook, 0o700);
    await using site = new Site(pebble, { names: ["*.wild.example.com"], hook }, join(folder.path, "storage"));
    for (const name of ["deep.wild.example.com", "wild.example.com"]) await site.serves(name);
  },
};

const workers: AcmeCase = {
  name: "three workers order once, each answers challenges, all serve the certificate",
  async run(pebble) {
    using folder = new Folder();
    const name = "workers.example.com";
    await using site = new Site(pebble, { names: [name], workers: 3 }, folder.path);
    await site.serves(name);
    const seen = new Set<string>();
    // The others learn of it within a second or two.
    await site.until("all three serve it", async () => {
      const answer = await site.curl(name);
      if (/by \d+$/.test(answer)) seen.add(answer);
      return seen.size === 3;
    });
    assert.equal(issuedFor(site), 1);
    // The primary ends them; a signal would leave them to drain.
    await site.stop();
  },
};

const onDemand: AcmeCase = {
  name: "on demand: of three workers one orders for a name, all handshakes wait and are served, a stranger is refused",
  async run(pebble) {
    using folder = new Folder();
    const customers = ["a.customer.example.com", "b.customer.example.com"];
    await using site = new Site(pebble, { names: [], customers, workers: 3 }, folder.path);
    await site.until("a stranger is refused", async () =>
      /unrecognized name/.test(await site.curl("stranger.example.com")),
    );
    const asked = Array.from({ length: 12 }, (_, index) => customers[index % 2]!);
    for (const answer of await Promise.all(asked.map((name) => site.curl(name, 60)))) assert.match(answer, /by \d+$/);
    assert.equal(issuedFor(site), 2);
    assert.doesNotMatch(pebble.log, /stranger/);
    await site.stop();
  },
};

const together: AcmeCase = {
  name: "two servers on one folder order once",
  async run(pebble) {
    using folder = new Folder();
    const name = "together.example.com";
    const [httpPort, tlsPort] = [await freePort(), await freePort()];
    await using other = new Site(pebble, { names: [name], httpPort, tlsPort }, folder.path);
    await using site = new Site(pebble, { names: [name] }, folder.path);
    await Promise.all([site.serves(name), other.serves(name)]);
    const serials = await Promise.all([site, other].map(async (each) => (await each.certificate(name)).serial));
    assert.equal(serials[0], serials[1]);
    assert.equal(issuedFor(site) + issuedFor(other), 1);
  },
};

/** How many certificates a server says that it has ordered. */
function issuedFor(site: Site): number {
  return site.log.split("\n").filter((line) => line.includes("A certificate is there")).length;
}

const renewal: AcmeCase = {
  name: "a short-lived certificate is renewed while the server runs, and a connection lives on",
  async run(pebble) {
    using folder = new Folder();
    const name = "short.example.com";
    const acme = { agree: true, profile: "short", storage: folder.path };
    await using site = new Site(pebble, { names: [name], acme }, folder.path);
    await site.serves(name);
    const first = await site.certificate(name);
    const socket = connect({ port: pebble.tlsPort, host: "127.0.0.1", servername: name, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    await site.until("another certificate", async () => (await site.certificate(name)).serial !== first.serial);
    socket.setEncoding("latin1").write(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [string];
    socket.destroy();
    assert.match(answer, /^HTTP\/1\.1 200/);
    assert.match(await site.curl(name), /by \d+$/);
  },
};

const advice: AcmeCase = {
  name: "ARI: a window in the past has the certificate renewed, and says what it is in the place of",
  async run(pebble) {
    using folder = new Folder();
    const name = "advice.example.com";
    const settings = { names: [name] };
    const first = new Site(pebble, settings, folder.path);
    await first.serves(name);
    const { serial, pem } = await first.certificate(name);
    await first.stop();
    await pebble.suggestRenewal(pem, new Date(Date.now() - 7_200_000), new Date(Date.now() - 3_600_000));
    const folderOfName = `localhost-${new URL(pebble.directory).port}-dir/certificates/${name}`;
    // What was asked before would hold for six hours.
    rmSync(join(folder.path, folderOfName, STATE));
    await using second = new Site(pebble, settings, folder.path);
    await second.until("another certificate", async () => (await second.certificate(name)).serial !== serial);
    await second.serves(name);
    const state = JSON.parse(readFileSync(join(folder.path, folderOfName, STATE), "utf8")) as { failures: number };
    assert.equal(state.failures, 0);
  },
};

const refused: AcmeCase = {
  name: "a name that the authority refuses is told with what to do, and keeps no other from its certificate",
  async run(pebble) {
    using folder = new Folder();
    const names = ["blocked.example.com", "fine.example.com"];
    await using site = new Site(pebble, { names }, folder.path);
    await site.serves("fine.example.com");
    await site.until("it is told", () => site.log.includes("The authority gives no certificate for this name."));
    assert.match(await site.curl("blocked.example.com"), /self.signed|unable to get local issuer/i);
  },
};

const unreachable: AcmeCase = {
  name: "a name that leads elsewhere is told with what to do, and tried again by the next of the ways",
  async run(pebble) {
    using folder = new Folder();
    const name = "elsewhere.example.com";
    await pebble.setAddress(name, "127.0.0.77");
    await using site = new Site(pebble, { names: [name] }, folder.path);
    await site.until("it is told", () => site.log.includes("see that port 80"));
    assert.match(site.log, /127\.0\.0\.77/);
  },
};

/** Steps between two kills: there are some 90 of them. */
const STRIDE = 6;

const killed: AcmeCase = {
  name: "a process that is killed at any step has its order gone on with by the next",
  async run(pebble) {
    using folder = new Folder();
    const authority = join(folder.path, "authority.pem");
    writeFileSync(authority, pebble.authority);
    const storage = join(folder.path, "storage");
    // Another process answers the challenges, as one that shares the storage may.
    const app = { names: ["bystander.example.com"], acme: { agree: true, storage } };
    await using site = new Site(pebble, app, storage);
    await site.serves("bystander.example.com");
    let kills = 0;
    for (let steps = 1, isOver = false; !isOver; steps += STRIDE) {
      const name = `killed-${steps}.example.com`;
      const order = [storage, name];
      isOver = (await mortal(pebble, authority, order, steps)) === 0;
      if (isOver) break;
      kills++;
      assert.equal(await mortal(pebble, authority, order, Infinity), 0, `after a kill at step ${steps}`);
    }
    assert.ok(kills >= 8, `${kills} kills`);
  },
};

async function mortal(pebble: Pebble, authority: string, order: readonly string[], steps: number): Promise<number> {
  const script = join(ROOT, "test/conformance/acme/mortal.ts");
  const args = [script, pebble.directory, authority, ...order, String(steps)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  assert.ok(code === 0 || signal === "SIGKILL", `it ended with ${code ?? signal}`);
  return code ?? -1;
}

/** What holds with one Pebble, that refuses every third nonce. */
export const ACME_CASES: readonly AcmeCase[] = [
  proved("http-01"),
  proved("tls-alpn-01"),
  dns,
  workers,
  onDemand,
  together,
  renewal,
  advice,
  refused,
  unreachable,
  killed,
];

const EXTERNAL = { keyId: "kid-1", hmacKey: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };

/** What needs a Pebble that wants to know its customers. */
export async function externalAccount(): Promise<void> {
  await using pebble = await Pebble.start({ externalAccount: EXTERNAL });
  using folder = new Folder();
  const names = ["bound.example.com"];
  await using stranger = new Site(pebble, { names }, join(folder.path, "stranger"));
  await stranger.until("it is told", () => stranger.log.includes("Set acme.externalAccount"));
  await stranger.stop();
  const acme = { agree: true, externalAccount: EXTERNAL, storage: folder.path };
  await using site = new Site(pebble, { names, acme }, folder.path);
  await site.serves("bound.example.com");
}

/** The versions of what is outside of this repository. */
export async function versions(): Promise<string> {
  const [curl, go] = await Promise.all([run("curl", ["--version"]), run(process.env["GO"] ?? "go", ["version"])]);
  return `${curl.stdout.split(" ", 2).join(" ")}, ${go.stdout.trim().replace("go version ", "")}, ${Knot.version()}`;
}
