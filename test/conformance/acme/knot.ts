import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Resolver } from "node:dns/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TsigAlgorithm } from "../../../src/tls/dns/tsig.ts";
import { freePort } from "../../support/run-server.ts";
import { debianTool } from "./debian-tool.ts";

/** Keys that the server knows; the last may change nothing. */
export const KEYS: Readonly<Record<string, { readonly algorithm: TsigAlgorithm; readonly secret: string }>> = {
  "sha256.example": {
    algorithm: "hmac-sha256",
    secret: Buffer.from("a secret of 32 octets for tests!").toString("base64"),
  },
  "sha512.example": { algorithm: "hmac-sha512", secret: Buffer.alloc(64, "secret").toString("base64") },
  "reader.example": { algorithm: "hmac-sha256", secret: Buffer.from("for who only reads").toString("base64") },
};

/** Knot DNS, which keeps the zone `example.com` and takes updates of it. */
export class Knot implements AsyncDisposable {
  /** Of `127.0.0.1`. */
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #log = "";

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.address = `127.0.0.1:${port}`;
    this.#child = child;
    this.#folder = folder;
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (this.#log += text));
  }

  static async start(): Promise<Knot> {
    const { path, env } = debianTool("knot", "knotd");
    const folder = mkdtempSync(join(tmpdir(), "millrace-knot-"));
    const port = await freePort();
    for (const each of ["run", "db", "zones"]) mkdirSync(join(folder, each));
    writeFileSync(join(folder, "knot.conf"), configOf(folder, port));
    writeFileSync(join(folder, "zones/example.com.zone"), ZONE);
    const child = spawn(path, ["-c", join(folder, "knot.conf")], { env, stdio: ["ignore", "pipe", "pipe"] });
    const knot = new Knot(port, child, folder);
    await knot.#ready();
    return knot;
  }

  static version(): string {
    const { path, env } = debianTool("knot", "knotd");
    return execFileSync(path, ["--version"], { env, encoding: "utf8" }).trim();
  }

  async #ready(): Promise<void> {
    for (let tries = 0; tries < 200 && this.#child.exitCode === null; tries++) {
      if ((await this.txt("_ready.example.com")).length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Knot did not start:\n${this.#log}`);
  }

  /** The TXT records of a name. */
  async txt(name: string): Promise<string[]> {
    const resolver = new Resolver({ timeout: 1000, tries: 2 });
    resolver.setServers([this.address]);
    const records = await resolver.resolveTxt(name).catch(() => []);
    return records.map((parts) => parts.join("")).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await once(this.#child, "exit");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const ZONE = `example.com. 60 SOA ns.example.com. admin.example.com. 1 3600 600 86400 60
example.com. 60 NS ns.example.com.
ns.example.com. 60 A 127.0.0.1
_ready.example.com. 60 TXT yes
_acme-challenge.alias.example.com. 60 CNAME ns.example.com.
_acme-challenge.delegated.example.com. 60 CNAME delegated.acme.example.com.
*.any.example.com. 60 CNAME ns.example.com.
`;

function configOf(folder: string, port: number): string {
  const keys = Object.entries(KEYS).map(
    ([name, { algorithm, secret }]) => `  - id: ${name}.\n    algorithm: ${algorithm}\n    secret: ${secret}\n`,
  );
  return `server:
    rundir: ${folder}/run
    listen: 127.0.0.1@${port}
log:
  - target: stderr
    any: info
database:
    storage: ${folder}/db
key:
${keys.join("")}acl:
  - id: writers
    key: [sha256.example., sha512.example.]
    action: update
    update-type: TXT
template:
  - id: default
    storage: ${folder}/zones
zone:
  - domain: example.com
    file: example.com.zone
    acl: writers
`;
}
