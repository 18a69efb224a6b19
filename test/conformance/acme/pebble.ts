import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { issueCertificate } from "../../../src/tls/issue-certificate.ts";
import { freePort } from "../../support/run-server.ts";
import { goTool } from "./go-tool.ts";

export const PEBBLE_VERSION = "v2.10.1";
const MODULE = "github.com/letsencrypt/pebble/v2/cmd";

/** How Pebble behaves. */
export interface PebbleInit {
  /** Per cent of requests whose nonce it refuses. */
  readonly refusedNonces?: number;
  readonly externalAccount?: { readonly keyId: string; readonly hmacKey: string };
  /** Seconds that certificates are valid, by profile. */
  readonly profiles?: Readonly<Record<string, number>>;
  /** The address of the DNS server that it asks in place of its own. */
  readonly dnsServer?: string;
}

/** Let's Encrypt's test server, with a DNS server in which every name leads to this machine. */
export class Pebble implements AsyncDisposable {
  readonly directory: string;
  /** PEM: what its own HTTPS is trusted by. */
  readonly authority: string;
  /** Where it looks for proofs. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** The address of its DNS server. */
  readonly resolver: string;
  readonly #management: string;
  /** The URL by which records of its DNS server are set. */
  readonly dnsManagement: string;
  readonly #agent: Agent;
  readonly #children: readonly ChildProcess[];
  readonly #folder: string;
  #log = "";

  private constructor(parts: {
    readonly ports: Readonly<Record<PortName, number>>;
    readonly authority: string;
    readonly children: readonly ChildProcess[];
    readonly folder: string;
  }) {
    const { ports, authority, children, folder } = parts;
    this.directory = `https://localhost:${ports.acme}/dir`;
    this.authority = authority;
    this.httpPort = ports.http;
    this.tlsPort = ports.tls;
    this.resolver = `127.0.0.1:${ports.dns}`;
    this.#management = `https://localhost:${ports.management}`;
    this.dnsManagement = `http://127.0.0.1:${ports.dnsManagement}`;
    this.#agent = new Agent({ connect: { ca: authority } });
    this.#children = children;
    this.#folder = folder;
    for (const child of children) {
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (this.#log += text));
    }
  }

  static async start(init: PebbleInit = {}): Promise<Pebble> {
    const program = goTool(`${MODULE}/pebble`, PEBBLE_VERSION);
    const dns = goTool(`${MODULE}/pebble-challtestsrv`, PEBBLE_VERSION);
    const folder = mkdtempSync(join(tmpdir(), "millrace-pebble-"));
    const ports = await freePorts();
    const notBefore = Date.now() - 60_000;
    const validity = { notBefore, notAfter: notBefore + 86_400_000 };
    const { cert: authority, key } = await issueCertificate({ subject: "Pebble", names: ["localhost"], ...validity });
    writeFileSync(join(folder, "cert.pem"), authority);
    writeFileSync(join(folder, "key.pem"), key);
    writeFileSync(join(folder, "config.json"), JSON.stringify({ pebble: configOf(init, ports, folder) }));
    const env = {
      ...process.env,
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_AUTHZREUSE: "0",
      PEBBLE_WFE_NONCEREJECT: String(init.refusedNonces ?? 5),
    };
    const options = { env, stdio: ["ignore", "pipe", "pipe"] as ("ignore" | "pipe")[] };
    const none = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""];
    const addresses = ["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""];
    const listen = ["-dnsserver", `127.0.0.1:${ports.dns}`, "-management", `127.0.0.1:${ports.dnsManagement}`];
    const children = [
      spawn(dns, [...addresses, ...listen, ...none], options),
      spawn(
        program,
        ["-config", join(folder, "config.json"), "-dnsserver", init.dnsServer ?? `127.0.0.1:${ports.dns}`],
        options,
      ),
    ];
    const pebble = new Pebble({ ports, authority, children, folder });
    await pebble.#ready();
    return pebble;
  }

  async #ready(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      try {
        await this.root();
        await this.setTxt("_ready.example.", "yes");
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    throw new Error(`Pebble did not start:\n${this.#log}`);
  }

  /** What it has written. */
  get log(): string {
    return this.#log;
  }

  /** PEM: the root of what it issues. */
  async root(): Promise<string> {
    return (await request(`${this.#management}/roots/0`, { dispatcher: this.#agent })).body.text();
  }

  /** @param host with a final dot */
  async setTxt(host: string, value: string): Promise<void> {
    await this.#dns("set-txt", { host, value });
  }

  async clearTxt(host: string): Promise<void> {
    await this.#dns("clear-txt", { host });
  }

  /** Has a name lead elsewhere. */
  async setAddress(host: string, ...addresses: string[]): Promise<void> {
    await this.#dns("add-a", { host, addresses });
  }

  async #dns(what: string, body: object): Promise<void> {
    const answer = await request(`${this.dnsManagement}/${what}`, { method: "POST", body: JSON.stringify(body) });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`${what}: ${answer.statusCode}`);
  }

  /** Sets when a certificate should be renewed. RFC 9773. @param certificate PEM */
  async suggestRenewal(certificate: string, start: Date, end: Date): Promise<void> {
    const ariResponse = JSON.stringify({ suggestedWindow: { start: start.toISOString(), end: end.toISOString() } });
    const answer = await request(`${this.#management}/set-renewal-info/`, {
      method: "POST",
      headers: { "user-agent": "test" },
      body: JSON.stringify({ certificate, ariResponse }),
      dispatcher: this.#agent,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`set-renewal-info: ${answer.statusCode} ${text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.close();
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

type PortName = "acme" | "management" | "http" | "tls" | "dns" | "dnsManagement";

async function freePorts(): Promise<Record<PortName, number>> {
  const names = ["acme", "management", "http", "tls", "dns", "dnsManagement"] as const;
  const entries: [PortName, number][] = [];
  for (const name of names) entries.push([name, await freePort()]);
  return Object.fromEntries(entries) as Record<PortName, number>;
}

function configOf(
  { externalAccount, profiles = { default: 7_776_000 } }: PebbleInit,
  ports: Readonly<Record<PortName, number>>,
  folder: string,
): object {
  return {
    listenAddress: `127.0.0.1:${ports.acme}`,
    managementListenAddress: `127.0.0.1:${ports.management}`,
    certificate: join(folder, "cert.pem"),
    privateKey: join(folder, "key.pem"),
    httpPort: ports.http,
    tlsPort: ports.tls,
    ocspResponderURL: "",
    externalAccountBindingRequired: externalAccount !== undefined,
    externalAccountMACKeys: externalAccount === undefined ? {} : { [externalAccount.keyId]: externalAccount.hmacKey },
    domainBlocklist: ["blocked.example.com"],
    retryAfter: { authz: 1, order: 1 },
    keyAlgorithm: "ecdsa",
    profiles: Object.fromEntries(
      Object.entries(profiles).map(([name, validityPeriod]) => [name, { description: name, validityPeriod }]),
    ),
  };
}
