import { MillraceError, type SourcePlace } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { HostMap, type HostPattern, parseHostPattern } from "../fields/host-pattern.ts";
import { parseHost } from "../fields/host.ts";
import type { Host } from "../hosts/host.ts";
import type { Peer } from "../http/channel.ts";
import type { Certificate } from "../tls/certificate.ts";
import { type CertificateFiles, readCertificate, readPem } from "../tls/certificate-files.ts";
import { CertificateWatch } from "../tls/certificate-watch.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { ClientPolicy } from "../tls/client-policy.ts";
import { type HandshakeCounts, Secure } from "../tls/secure.ts";
import { SecureConnection } from "../tls/secure-connection.ts";
import { SecureContexts } from "../tls/secure-contexts.ts";
import type { TicketSecrets } from "../tls/ticket-keys.ts";
import type { HostTlsOptions, TlsOptions } from "../tls/tls-options.ts";
import type { Connection } from "../transport/connection.ts";
import type { Watchdog } from "../transport/watchdog.ts";

/** What {@link ServerTls} is made from. */
export interface ServerTlsInit {
  readonly tls: TlsOptions | "development";
  readonly hosts: readonly Host[];
  readonly certificates: Certificates;
  readonly log: Log;
  readonly place: SourcePlace | undefined;
}

/** What connections are made secure with. */
export interface Securing {
  readonly secrets: TicketSecrets;
  readonly watchdog: Watchdog;
  /** Milliseconds for a handshake. */
  readonly timeout: number;
  readonly protocols: readonly string[];
}

const DAY = 24 * 60 * 60 * 1000;

/** The TLS of a server: its certificates, read and watched, and what it asks of clients. */
export class ServerTls {
  readonly certificates: Certificates;
  readonly #init: ServerTlsInit;
  readonly #log: Log;
  readonly #policies = new HostMap<ClientPolicy>();
  #asksClients = false;
  #watch: CertificateWatch | undefined;
  /** Pairs that are served, to be watched. */
  readonly #served: { readonly files: CertificateFiles; readonly replace: (next: Certificate) => void }[] = [];
  #secure: Secure | undefined;

  private constructor(init: ServerTlsInit) {
    this.#init = init;
    this.#log = init.log;
    this.certificates = init.certificates;
  }

  /**
   * Reads every certificate, so that what is wrong with one is told before anything is served.
   *
   * @throws {MillraceError} `CERTIFICATE_MISSING` and what else is wrong with a certificate
   */
  static async load(init: ServerTlsInit): Promise<ServerTls> {
    const loaded = new ServerTls(init);
    await loaded.#loadServer(init.tls);
    for (const host of init.hosts) if (host.tls !== undefined) loaded.#loadHost(host, host.tls);
    return loaded;
  }

  /** What has become of handshakes. */
  get counts(): HandshakeCounts | undefined {
    return this.#secure?.counts;
  }

  /**
   * Makes connections secure ones from now on, and watches the files.
   *
   * @throws {MillraceError} `CERTIFICATE_MISSING` when there is no certificate at all
   */
  start(securing: Securing, onConnection: (connection: SecureConnection) => void): (connection: Connection) => void {
    const { certificates } = this;
    if (certificates.entries.length === 0 && certificates.onMissing === undefined) {
      throw new MillraceError("CERTIFICATE_MISSING", "The server is to speak TLS and has no certificate.", {
        hint: 'Give one: tls: { cert: "cert.pem", key: "key.pem" }, to the server or to a host; or tls: "development".',
        place: this.#init.place,
      });
    }
    const { tls, log } = this.#init;
    const { secrets, ...others } = securing;
    const minVersion = tls === "development" ? undefined : tls.minVersion;
    const contexts = new SecureContexts({ certificates, policies: this.#policies, secrets, minVersion });
    this.#secure = new Secure({ contexts, log, ...others });
    this.#watch = new CertificateWatch(log);
    for (const { files, replace } of this.#served) this.#watch.add(files, replace);
    return this.#secure.accept(onConnection);
  }

  /** Looks at the files of certificates now. */
  async look(): Promise<void> {
    await this.#watch?.look();
  }

  /** Resolves when no handshake is under way. */
  async settled(): Promise<void> {
    await this.#secure?.settled();
  }

  /** Ends all handshakes that are under way. */
  abort(): void {
    this.#secure?.abort();
  }

  /** Looks at files no more. */
  close(): void {
    this.#watch?.close();
  }

  /** Whether any host asks clients for certificates: only then requests have to be looked at. */
  get asksClients(): boolean {
    return this.#asksClients;
  }

  /**
   * Whether a request came over a connection on which another host's rules for clients held, or none.
   *
   * RFC 9110 §15.5.20; CVE-2025-23048: who was let in at one name must not be answered by another that would not have.
   */
  isMisdirected(peer: Peer, authority: string): boolean {
    const policy = this.#policies.find(parseHost(authority)?.name ?? "");
    if (!peer.secure && policy?.isHttpsOnly === true) return false;
    const met = peer instanceof SecureConnection ? peer.policy : undefined;
    return policy !== met && (policy?.mode === "require" || met !== undefined);
  }

  async #loadServer(tls: TlsOptions | "development"): Promise<void> {
    if (tls === "development") {
      const { developmentCertificate, developmentFiles } = await import("../tls/development-ca.ts");
      const { leaf } = developmentFiles();
      this.#set(
        "any",
        [await developmentCertificate(this.#init.hosts.flatMap(namesOfHost))],
        [{ cert: leaf, key: leaf }],
      );
      return;
    }
    const { cert, key, passphrase, certificates = [] } = tls;
    for (const files of certificates) this.#setByNames(files);
    if (cert !== undefined && key !== undefined) this.#setAll("any", [{ cert, key, passphrase }]);
    this.#setPolicy("any", tls, false);
  }

  #loadHost(host: Host, tls: HostTlsOptions): void {
    const { cert, key, passphrase, certificates = [] } = tls;
    const own = cert === undefined || key === undefined ? [] : [{ cert, key, passphrase }];
    const files = [...own, ...certificates];
    for (const { pattern } of host.names) {
      if (files.length > 0) this.#setAll(pattern.source, files);
      this.#setPolicy(pattern.source, tls, host.isHttpsOnly);
      this.#warnOfNames(pattern);
    }
  }

  #setAll(pattern: string, files: readonly CertificateFiles[]): void {
    this.#set(
      pattern,
      files.map((each) => this.#read(each)),
      files,
    );
  }

  #set(pattern: string, certificates: readonly Certificate[], files: readonly CertificateFiles[]): void {
    this.certificates.set(pattern, ...certificates);
    files.forEach((each, index) => {
      const replace = (next: Certificate): void => {
        this.certificates.set(pattern, ...(this.certificates.get(pattern) ?? []).with(index, next));
      };
      this.#served.push({ files: each, replace });
    });
  }

  /** A certificate that says itself what it is for. One of another kind of key stands beside what is there. */
  #setByNames(files: CertificateFiles): void {
    const set = (certificate: Certificate): void => {
      for (const pattern of patternsOf(certificate)) {
        const beside = (this.certificates.get(pattern) ?? []).filter(({ keyType }) => keyType !== certificate.keyType);
        this.certificates.set(pattern, ...beside, certificate);
      }
    };
    set(this.#read(files));
    this.#served.push({ files, replace: set });
  }

  /** The same files may be those of several names. */
  readonly #known = new Map<string, Certificate>();

  #read(files: CertificateFiles): Certificate {
    const key = JSON.stringify(files);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const certificate = readCertificate(files, this.#init.place);
    this.#known.set(key, certificate);
    this.#warnOfTime(certificate);
    return certificate;
  }

  #warnOfTime({ notBefore, notAfter, origin, names }: Certificate): void {
    const now = Date.now();
    const fields = { names, cert: origin.cert, notAfter: new Date(notAfter) };
    if (notAfter <= now) this.#log.write("warn", "A certificate has expired: clients will refuse it", fields);
    else if (notBefore > now) this.#log.write("warn", "A certificate is not valid yet: clients will refuse it", fields);
    else if (notAfter - now < 3 * DAY) this.#log.write("warn", "A certificate expires within three days", fields);
  }

  #warnOfNames({ kind, name, source }: HostPattern): void {
    const set = this.certificates.get(source) ?? (kind === "any" ? undefined : this.certificates.find(name));
    if (set === undefined || kind === "any") return;
    // One level below stands for all that a pattern takes: no certificate covers more.
    const examples = kind === "exact" ? [name] : kind === "tree" ? [name, `x.${name}`] : [`x.${name}`];
    const missing = examples.filter((each) => !set.some((certificate) => certificate.covers(each)));
    if (missing.length === 0) return;
    const names = set.flatMap((each) => each.names);
    this.#log.write("warn", `The certificate of ${source} is not for all of its names: clients will refuse it`, {
      missing: missing.map((each) => each.replace(/^x\./, "*.")),
      names,
    });
  }

  #setPolicy(pattern: string, { clientCertificate = "none", ca }: HostTlsOptions, isHttpsOnly: boolean): void {
    if (clientCertificate === "none") return;
    const { place } = this.#init;
    const authorities = [ca ?? []].flat().map((each) => readPem(each, "authority for clients", place));
    this.#policies.set(parseHostPattern(pattern), { mode: clientCertificate, ca: authorities, isHttpsOnly });
    this.#asksClients = true;
  }
}

/** What a certificate for a host is to be for: no more than one level below a name. */
function namesOfHost({ names }: Host): string[] {
  return names.flatMap(({ pattern: { kind, name } }) => {
    if (kind === "any" || name.startsWith("[")) return [];
    if (kind === "exact") return [name];
    return kind === "tree" ? [name, `*.${name}`] : [`*.${name}`];
  });
}

/** As patterns of hosts: a certificate's `*.` takes one level. */
function patternsOf({ names }: Certificate): string[] {
  return names.flatMap((name) => {
    if (name.includes(":")) return [];
    return [name.startsWith("*.") ? `+.${name.slice(2)}` : name];
  });
}
