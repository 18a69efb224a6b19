import { MillraceError, type SourcePlace } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Host } from "../hosts/host.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { HttpError } from "../http/http-error.ts";
import { Request } from "../http/request.ts";
import type { AcmeStatus } from "../tls/acme/kept-subject.ts";
import type { Certificate } from "../tls/certificate.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { StapleStatus } from "../tls/ocsp/stapler.ts";
import type { SecureConnection } from "../tls/secure-connection.ts";
import type { Connection } from "../transport/connection.ts";
import type { ServerOptions } from "./options.ts";
import type { ServerAcme, ServerAcmeInit } from "./server-acme.ts";
import type { Securing, ServerTls } from "./server-tls.ts";
import { membership } from "./workers/membership.ts";

/** Whose TLS and certificates it is about. */
export interface SecuritySubject {
  readonly options: ServerOptions;
  readonly hosts: Hosts | undefined;
  readonly certificates: Certificates;
  readonly log: Log;
  readonly place: SourcePlace | undefined;
}

/** What {@link ServerSecurity} is made from. */
export interface ServerSecurityInit extends SecuritySubject {
  /** The number of the server among those of the program. */
  readonly number: number;
  /** Whether TLS is spoken, for each of the places where it listens. */
  readonly secured: readonly boolean[];
  /** Puts a layer before all that the server answers with, in the place of the one before. */
  guard(layer: Layer): void;
}

/**
 * The TLS and the automatic certificates of a server, and what both ask of requests and of hosts that are added. Neither
 * is loaded where nobody needs it.
 */
export class ServerSecurity {
  readonly #init: ServerSecurityInit;
  readonly #tls: ServerTls | undefined;
  #acme: ServerAcme | undefined;

  private constructor(init: ServerSecurityInit, tls: ServerTls | undefined) {
    this.#init = init;
    this.#tls = tls;
  }

  /**
   * Looks whether certificates can be read, and could be ordered, as the options say. Nothing is begun.
   *
   * @throws {MillraceError} `CERTIFICATE_MISSING` and what else is wrong with a certificate; `ACME_TERMS`, `ACME_NAMES`,
   *   `ACME_CHALLENGE`
   */
  static async check(subject: SecuritySubject, secured: readonly boolean[]): Promise<void> {
    await loadTls(subject);
    const init = acmeInit(subject, secured);
    if (init === undefined) return;
    const { ServerAcme } = await import("./server-acme.ts");
    ServerAcme.check(init);
  }

  /** Reads and takes all certificates that are there. @throws as `check` does; `HOST_NEEDS_TLS`, `ACME_STORAGE` */
  static async open(init: ServerSecurityInit): Promise<ServerSecurity> {
    const isNeeded = init.secured.includes(true) || areClientsRequired(init);
    const security = new ServerSecurity(init, isNeeded ? await loadTls(init) : undefined);
    security.#guardHosts();
    await security.#openAcme();
    // What is looked at before all else is known only now.
    init.guard(security.#around);
    return security;
  }

  /** Orders what is missing. Call it when the listeners listen. */
  start(): void {
    this.#acme?.start();
  }

  /** Takes connections from now on, where a listener speaks TLS. @returns what makes them secure ones */
  accept(securing: Securing, onConnection: (connection: SecureConnection) => void): (connection: Connection) => void {
    return this.#tls!.start(securing, onConnection);
  }

  /** How certificates are that the server orders itself. */
  get automatic(): readonly AcmeStatus[] {
    return this.#acme?.status() ?? [];
  }

  /** How the status of a certificate is; undefined where nobody is asked. */
  stapleStatus(certificate: Certificate): StapleStatus | undefined {
    return this.#tls?.stapleStatus(certificate);
  }

  /** Looks at the files of certificates now. */
  async look(): Promise<void> {
    await this.#tls?.look();
  }

  /** Orders no more; an order that is under way is gone on with by whoever starts next. */
  async stopOrdering(): Promise<void> {
    await this.#acme?.stop();
  }

  /** Nobody comes any more. @param isPatient whether who has begun to come in is still let in */
  async close(isPatient: boolean): Promise<void> {
    if (isPatient) await this.#tls?.settled();
    else this.#tls?.abort();
    this.#tls?.close();
  }

  /** Ends all handshakes that are under way. */
  abort(): void {
    this.#tls?.abort();
  }

  async #openAcme(): Promise<void> {
    const init = acmeInit(this.#init, this.#init.secured);
    if (init === undefined) return;
    const { ServerAcme } = await import("./server-acme.ts");
    const topic = `certificate/${this.#init.number}`;
    const acme = await ServerAcme.open({ ...init, tell: (name) => void membership?.broadcast(topic, name) });
    membership?.on(topic, (name) => acme.look(name as string));
    this.#acme = acme;
  }

  /** Hosts that are added from now on bring their TLS along. */
  #guardHosts(): void {
    const { hosts } = this.#init;
    if (hosts === undefined) return;
    const tls = this.#tls;
    hosts.guard = {
      add: (added) => {
        if (tls === undefined) refuseRequiring(added);
        const asked = tls?.asksClients;
        tls?.add(added);
        try {
          // Those with certificates of their own need no others, and these are known now.
          this.#acme?.checkHosts(added);
        } catch (error) {
          tls?.remove(added);
          throw error;
        }
        if (tls?.asksClients !== asked) this.#init.guard(this.#around);
        this.#acme?.changed();
      },
      remove: (removed) => {
        tls?.remove(removed);
        this.#acme?.changed();
      },
      mayFallBack: (request, any) => tls?.asksClients !== true || tls.mayFallBack(Request.peer(request), any),
    };
    // Those that came while the others were read.
    hosts.guard.add(hosts.list);
  }

  readonly #around = (handler: Handler): Handler => {
    const ruled = this.#withinRules(handler);
    // RFC 8555 §8.3: an authority looks for proofs by plain HTTP, where it can show no certificate.
    return this.#acme === undefined ? ruled : this.#acme.around(ruled);
  };

  /** For requests that have come over a connection on which the rules of their host were met. */
  #withinRules(handler: Handler): Handler {
    const tls = this.#tls;
    if (tls?.asksClients !== true) return handler;
    const { hosts } = this.#init;
    return (request) => {
      const { host } = request;
      if (tls.isMisdirected(Request.peer(request), host, hosts?.answering(host))) throw new HttpError(421);
      return handler(request);
    };
  }
}

async function loadTls({
  options: { tls = {} },
  hosts,
  certificates,
  log,
  place,
}: SecuritySubject): Promise<ServerTls> {
  const { ServerTls } = await import("./server-tls.ts");
  return ServerTls.load({ tls, hosts: hosts?.list ?? [], certificates, log, place });
}

function acmeInit(subject: SecuritySubject, secured: readonly boolean[]): ServerAcmeInit | undefined {
  const { options, hosts, certificates, log, place } = subject;
  if (options.acme === undefined) return undefined;
  const listens = { plainly: secured.includes(false), securely: secured.includes(true) };
  const serves = (name: string): boolean => hosts === undefined || hosts.find(name) !== undefined;
  return { options: options.acme, hosts: () => hosts?.list ?? [], serves, certificates, listens, log, place };
}

/** Whether certificates of clients are required, also where no listener could ask for them: then nobody is let in. */
function areClientsRequired({ options: { tls = {} }, hosts }: SecuritySubject): boolean {
  const ofServer = tls === "development" ? undefined : tls.clientCertificate;
  return ofServer === "require" || hosts?.list.some(requiresClients) === true;
}

function requiresClients({ tls }: Host): boolean {
  return tls?.clientCertificate === "require";
}

function refuseRequiring(hosts: readonly Host[]): void {
  const host = hosts.find(requiresClients);
  if (host === undefined) return;
  throw new MillraceError(
    "HOST_NEEDS_TLS",
    `The host ${host.name} requires certificates, and nothing speaks TLS here.`,
    {
      hint: "Give the server a listener with TLS: listen: { port: 443, tls: true }.",
      place: host.names[0]?.place,
    },
  );
}
