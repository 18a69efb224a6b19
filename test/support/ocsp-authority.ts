import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./run-server.ts";

/** What a certificate of an {@link OcspAuthority} says. */
export interface OcspCertificateInit {
  /** Default: `localhost`. */
  readonly name?: string;
  /** Where its status can be asked; `null` for nowhere. Default: where {@link OcspAuthority.settle} has chosen. */
  readonly responder?: string | null;
  readonly mustStaple?: boolean;
  /** Extended key usage. Default: `serverAuth`. */
  readonly usage?: string;
  /** Whether it says by name alone who issued it, not by key. Default: false. */
  readonly byNameAlone?: boolean;
  /** Days that it is valid. Default: 30. */
  readonly days?: number;
  /** Of its key, as OpenSSL has it. Default: `ec`. */
  readonly kind?: "ec" | "rsa";
}

/** PEM. */
export interface OcspCertificate {
  readonly cert: string;
  /** The certificate and that of its issuer. */
  readonly chain: string;
  readonly key: string;
}

/** How `openssl ocsp` answers. */
export interface OcspRespondInit {
  /** Who signs. Default: the authority itself. */
  readonly signer?: OcspCertificate;
  readonly flags?: readonly string[];
}

/** An authority of OpenSSL's: it issues, revokes, and says by OCSP how its certificates are. */
export class OcspAuthority implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "millrace-ocsp-"));
  readonly #index: string[] = [];
  readonly own: OcspCertificate;
  #child: ChildProcess | undefined;
  #port = 0;
  #count = 0;

  /** @param kind of its key, as OpenSSL has it */
  constructor(kind: "ec" | "rsa" = "ec") {
    const name = "OCSP authority";
    const args = ["req", "-x509", ...newKey(this.#path("ca.key"), kind), "-out", this.#path("ca.pem"), "-days", "60"];
    this.#openssl([...args, "-subj", `/CN=${name}`]);
    const cert = this.#read("ca.pem");
    this.own = { cert, chain: cert, key: this.#read("ca.key") };
    this.#writeIndex();
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #read(name: string): string {
    return readFileSync(this.#path(name), "utf8");
  }

  #openssl(args: readonly string[]): void {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  }

  /** Where it is asked. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  issue(init: OcspCertificateInit = {}): OcspCertificate {
    const {
      name = "localhost",
      responder = this.url,
      mustStaple = false,
      usage = "serverAuth",
      byNameAlone = false,
      days = 30,
      kind = "ec",
    } = init;
    const base = `leaf-${++this.#count}`;
    const [key, request, extensions, cert] = ["key", "csr", "ext", "pem"].map((each) => this.#path(`${base}.${each}`));
    this.#openssl(["req", "-new", ...newKey(key!, kind), "-out", request!, "-subj", `/CN=${name}`]);
    const lines = [`subjectAltName=DNS:${name}`, `extendedKeyUsage=${usage}`];
    if (responder !== null) lines.push(`authorityInfoAccess=OCSP;URI:${responder}`);
    if (byNameAlone) lines.push("authorityKeyIdentifier=none");
    if (mustStaple) lines.push("tlsfeature=status_request");
    writeFileSync(extensions!, lines.join("\n"));
    const signer = [
      "-CA",
      this.#path("ca.pem"),
      "-CAkey",
      this.#path("ca.key"),
      "-set_serial",
      `0x${4096 + this.#count}`,
    ];
    const to = ["-out", cert!, "-days", String(days), "-extfile", extensions!];
    this.#openssl(["x509", "-req", "-in", request!, ...signer, ...to]);
    const text = this.#read(`${base}.pem`);
    this.#index.push(`V\t351231235959Z\t\t${serialOf(text)}\tunknown\t/CN=${serialOf(text)}`);
    this.#writeIndex();
    return { cert: text, chain: text + this.own.cert, key: this.#read(`${base}.key`) };
  }

  /** As of the end of the year 2025. */
  revoke({ cert }: OcspCertificate): void {
    const serial = serialOf(cert);
    const at = this.#index.findIndex((line) => line.split("\t")[3] === serial);
    this.#index[at] = `R\t351231235959Z\t251231235959Z,keyCompromise\t${serial}\tunknown\t/CN=${serial}`;
    this.#writeIndex();
  }

  /** Forgets that it has issued one. */
  forget({ cert }: OcspCertificate): void {
    this.#index.splice(
      this.#index.findIndex((line) => line.split("\t")[3] === serialOf(cert)),
      1,
    );
    this.#writeIndex();
  }

  #writeIndex(): void {
    writeFileSync(this.#path("index.txt"), this.#index.map((line) => `${line}\n`).join(""));
  }

  #arguments({ signer = this.own, flags = ["-ndays", "7"] }: OcspRespondInit): string[] {
    writeFileSync(this.#path("signer.pem"), signer.cert);
    writeFileSync(this.#path("signer.key"), signer.key);
    const signing = ["-rsigner", this.#path("signer.pem"), "-rkey", this.#path("signer.key")];
    return ["ocsp", "-index", this.#path("index.txt"), "-CA", this.#path("ca.pem"), ...signing, ...flags];
  }

  /** Answers a request without a network. */
  respond(request: Buffer, init: OcspRespondInit = {}): Buffer {
    writeFileSync(this.#path("request.der"), request);
    const files = ["-reqin", this.#path("request.der"), "-respout", this.#path("response.der")];
    this.#openssl([...this.#arguments(init), ...files]);
    return readFileSync(this.#path("response.der"));
  }

  /** Chooses where it will answer: certificates that are issued from now on say so. */
  async settle(): Promise<void> {
    this.#port = await freePort();
  }

  /** Answers by HTTP from now on, with what is in the index now. */
  async serve(init: OcspRespondInit = {}): Promise<void> {
    assert.notEqual(this.#port, 0, "It is to settle first");
    await this.silence();
    const args = [...this.#arguments(init), "-port", String(this.#port)];
    const child = spawn("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
    while (!/ACCEPT|waiting for/i.test(said)) {
      if (child.exitCode !== null) throw new Error(`openssl ocsp has ended: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Answers no more. */
  async silence(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.silence();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function newKey(path: string, kind: "ec" | "rsa"): string[] {
  if (kind === "rsa") return ["-newkey", "rsa:2048", "-nodes", "-keyout", path];
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path];
}

function serialOf(cert: string): string {
  return new X509Certificate(cert).serialNumber;
}
