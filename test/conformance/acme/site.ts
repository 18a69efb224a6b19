import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { promisify } from "node:util";
import type { AcmeSettings } from "../../fixtures/acme-app.ts";
import type { Pebble } from "./pebble.ts";

const ROOT = join(import.meta.dirname, "../../..");
const run = promisify(execFile);

/** A folder that goes with its owner. */
export class Folder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "millrace-acme-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A server in its own process, as its user starts it, that orders from Pebble. */
export class Site implements AsyncDisposable {
  readonly #pebble: Pebble;
  readonly #child: ChildProcess;
  readonly #tlsPort: number;
  #log = "";
  /** What curl got last. */
  #last = "";

  constructor(
    pebble: Pebble,
    settings: Partial<AcmeSettings> & { readonly names: readonly string[] },
    storage: string,
  ) {
    const { directory, authority, resolver, httpPort, tlsPort } = pebble;
    const options = {
      httpPort,
      tlsPort,
      ...settings,
      acme: {
        agree: true,
        // Pebble takes one by chance where none is named.
        profile: "default",
        email: "admin@example.com",
        directory,
        authority,
        resolvers: [resolver],
        storage,
        ...settings.acme,
      },
    };
    this.#pebble = pebble;
    this.#tlsPort = options.tlsPort;
    this.#child = spawn(
      process.execPath,
      ["src/cli.ts", "run", "test/fixtures/acme-app.ts", "--log", "json", "--quiet"],
      {
        cwd: ROOT,
        env: { ...process.env, MILLRACE_ACME_SETTINGS: JSON.stringify(options) },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on("data", (text) => (this.#log += text));
  }

  get log(): string {
    return this.#log;
  }

  /** Asks by curl, which trusts Pebble's root alone. @returns what it answers, or why there is no answer */
  async curl(name: string, seconds = 5): Promise<string> {
    using folder = new Folder();
    const root = join(folder.path, "root.pem");
    writeFileSync(root, await this.#pebble.root());
    const resolve = `${name}:${this.#tlsPort}:127.0.0.1`;
    const args = [
      "-sS",
      "--max-time",
      String(seconds),
      "--cacert",
      root,
      "--resolve",
      resolve,
      `https://${name}:${this.#tlsPort}/`,
    ];
    return await run("curl", args).then(
      ({ stdout }) => stdout,
      (error: Error) => error.message,
    );
  }

  /** Waits until curl is content with the certificate of a name. */
  async serves(name: string): Promise<void> {
    await this.until(`curl trusts ${name}`, async () => {
      this.#last = await this.curl(name);
      return /by \d+$/.test(this.#last);
    });
  }

  /** Waits for a condition. @throws with what the server and Pebble have written when it does not come about in a minute */
  async until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = Date.now() + 90_000;
    // It may not listen yet.
    const holds = async (): Promise<boolean> => condition();
    while (!(await holds().catch(() => false))) {
      const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (hasEnded || Date.now() > deadline) {
        throw new Error(
          `${what}: it has not come about; curl: ${this.#last}\n${this.#log}\n${this.#pebble.log.split("\n").slice(-20).join("\n")}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** The certificate that is served for a name: its serial number, and PEM. */
  async certificate(servername: string): Promise<{ readonly serial: string; readonly pem: string }> {
    const socket = connect({ port: this.#tlsPort, host: "127.0.0.1", servername, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const { raw, serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    const pem = `-----BEGIN CERTIFICATE-----\n${raw.toString("base64")}\n-----END CERTIFICATE-----\n`;
    return { serial: serialNumber, pem };
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    await once(this.#child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}
