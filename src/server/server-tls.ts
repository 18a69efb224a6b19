import { systemClock } from "../base/clock.ts";
import { MillraceError, type SourcePlace } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { HostPattern } from "../fields/host-pattern.ts";
import { parseHost } from "../fields/host.ts";
import type { Host } from "../hosts/host.ts";
import type { Peer } from "../http/channel.ts";
import { readPem } from "../tls/certificate-files.ts";
import type { Certificate } from "../tls/certificate.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { ClientPolicy } from "../tls/client-policy.ts";
import { httpOcspTransport } from "../tls/ocsp/ocsp-transport.ts";
import { Stapler, type StapleStatus } from "../tls/ocsp/stapler.ts";
import { type HandshakeCounts, Secure } from "../tls/secure.ts";
import { SecureConnection } from "../tls/secure-connection.ts";
import { SecureContexts } from "../tls/secure-contexts.ts";
import type { TicketSecrets } from "../tls/ticket-keys.ts";
import type { HostTlsOptions, TlsOptions } from "../tls/tls-options.ts";
import type { Connection } from "../transport/connection.ts";
import type { Watchdog } from "../transport/watchdog.ts";
import { ClientPolicies } from "./client-policies.ts";
import { ServedCertificates } from "./served-certificates.ts";

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

/** The TLS of a server: its certificates, read and watched, and what it asks of clients. */
export class ServerTls {
  readonly certificates: Certificates;
  readonly #init: ServerTlsInit;
  readonly #log: Log;
  readonly #policies = new ClientPolicies();
  readonly #served: ServedCertificates;
  /** What takes away what each host has here. */
  readonly #hosts = new Map<Host, () => void>();
  #secure: Secure | undefined;
  #stapler: Stapler | undefined;

  private constructor(init: ServerTlsInit) {
    this.#init = init;
    this.#log = init.log;
    this.certificates = init.certificates;
    this.#served = new ServedCertificates({ table: init.certificates, log: init.log, place: init.place });
  }

  /**
   * Reads every certificate, so that what is wrong with one is told before anything is served.
   *
   * @throws {MillraceError} `CERTIFICATE_MISSING` and what else is wrong with a certificate
   */
  static async load(init: ServerTlsInit): Promise<ServerTls> {
    const loaded = new ServerTls(init);
    await loaded.#loadServer(init.tls);
    loaded.add(init.hosts);
    return loaded;
  }

  /**
   * Reads what hosts have of their own, for those that are not known yet.
   *
   * @throws {MillraceError} what is wrong with a certificate or an authority; then none of them is added
   */
  add(hosts: readonly Host[]): void {
    const added = hosts.filter((host) => !this.#hosts.has(host));
    try {
      for (const host of added) this.#addHost(host, host.tls ?? {});
    } catch (error) {
      this.remove(added);
      throw error;
    }
  }

  /** Serves hosts no more. */
  remove(hosts: readonly Host[]): void {
    for (const host of hosts) this.#hosts.get(host)?.();
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
    const { minVersion, stapling = true } = tls === "development" ? {} : tls;
    const asking = { transport: httpOcspTransport(), clock: systemClock, log, random: Math.random };
    const stapler = stapling ? new Stapler({ certificates, ...asking }) : undefined;
    const stapleOf = stapler?.of.bind(stapler);
    const contexts = new SecureContexts({ certificates, policies: this.#policies, secrets, stapleOf, minVersion });
    this.#secure = new Secure({ contexts, log, ...others });
    this.#stapler = stapler;
    stapler?.start();
    this.#served.watch();
    return this.#secure.accept(onConnection);
  }

  /** How the status of a certificate is; undefined where nobody is asked. */
  stapleStatus(certificate: Certificate): StapleStatus | undefined {
    return this.#stapler?.status(certificate);
  }

  /** Looks at the files of certificates now. */
  async look(): Promise<void> {
    await this.#served.look();
  }

  /** Resolves when no handshake is under way. */
  async settled(): Promise<void> {
    await this.#secure?.settled();
  }

  /** Ends all handshakes that are under way. */
  abort(): void {
    this.#secure?.abort();
  }

  /** Looks at files no more, and asks nobody about certificates. */
  close(): void {
    this.#stapler?.stop();
    this.#served.close();
  }

  /** Whether any host asks clients for certificates: only then requests have to be looked at. */
  get asksClients(): boolean {
    return this.#policies.asksClients;
  }

  /**
   * Whether a request came over a connection on which another host's rules for clients held, or none. Judged by the host
   * that answers, not by the name: there are requests without one.
   *
   * RFC 9110 §15.5.20; CVE-2025-23048: who was let in at one name must not be answered by another that would not have.
   *
   * @param host that answers; undefined where one handler answers everything
   */
  isMisdirected(peer: Peer, authority: string, host: Host | undefined): boolean {
    // It is redirected.
    if (!peer.secure && host?.isHttpsOnly === true) return false;
    const policy = this.#policies.of(host, parseHost(authority)?.name ?? "");
    const met = policyMet(peer);
    return policy !== met && (policy?.mode === "require" || met !== undefined);
  }

  /** Whether the host `any` may be asked for what another host, whose rules were met, has not found. */
  mayFallBack(peer: Peer, any: Host): boolean {
    if (!peer.secure && any.isHttpsOnly) return true;
    const policy = this.#policies.of(any, "");
    return policy?.mode !== "require" || policy === policyMet(peer);
  }

  async #loadServer(tls: TlsOptions | "development"): Promise<void> {
    const patterns = (): string[] => ["any"];
    if (tls === "development") {
      const { developmentCertificate, developmentFiles } = await import("../tls/development-ca.ts");
      const { leaf } = developmentFiles();
      const certificate = await developmentCertificate(this.#init.hosts.flatMap(namesOfHost));
      this.#served.addMade({ host: undefined, patterns, files: [{ cert: leaf, key: leaf }] }, certificate);
      return;
    }
    const { cert, key, passphrase, certificates = [] } = tls;
    for (const files of certificates) this.#served.add({ host: undefined, patterns: undefined, files: [files] });
    if (cert !== undefined && key !== undefined) {
      this.#served.add({ host: undefined, patterns, files: [{ cert, key, passphrase }] });
    }
    const policy = this.#policyOf(tls);
    if (policy !== undefined && policy !== "none") this.#policies.setForAll(policy);
  }

  #addHost(host: Host, tls: HostTlsOptions): void {
    const { cert, key, passphrase, certificates = [] } = tls;
    const own = cert === undefined || key === undefined ? [] : [{ cert, key, passphrase }];
    const files = [...own, ...certificates];
    const onChange = (): void => {
      this.#policies.forget();
      this.#served.renamed(host);
    };
    this.#hosts.set(host, () => {
      host.parts.watchers.delete(onChange);
      this.#hosts.delete(host);
      this.#policies.delete(host);
      this.#served.remove(host);
    });
    this.#policies.set(host, this.#policyOf(tls));
    const patterns = (): string[] => host.names.map(({ pattern }) => pattern.source);
    if (files.length > 0) this.#served.add({ host, patterns, files });
    if (host.tls !== undefined) for (const { pattern } of host.names) this.#warnOfNames(pattern);
    host.parts.watchers.add(onChange);
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

  #policyOf({ clientCertificate, ca }: HostTlsOptions): ClientPolicy | "none" | undefined {
    if (clientCertificate === undefined || clientCertificate === "none") return clientCertificate;
    const { place } = this.#init;
    const authorities = [ca ?? []].flat().map((each) => readPem(each, "authority for clients", place));
    return { mode: clientCertificate, ca: authorities };
  }
}

/** What was asked of the client in the handshake. */
function policyMet(peer: Peer): ClientPolicy | undefined {
  return peer instanceof SecureConnection ? peer.policy : undefined;
}

/** What a certificate for a host is to be for: no more than one level below a name. */
function namesOfHost({ names }: Host): string[] {
  return names.flatMap(({ pattern: { kind, name } }) => {
    if (kind === "any" || name.startsWith("[")) return [];
    if (kind === "exact") return [name];
    return kind === "tree" ? [name, `*.${name}`] : [`*.${name}`];
  });
}
