import { MillraceError, type SourcePlace } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Host } from "../hosts/host.ts";
import type { Handler } from "../http/handler.ts";
import { text } from "../http/make.ts";
import type { AcmeOptions } from "../tls/acme/acme-options.ts";
import { AutomaticCertificates, checkAutomatic } from "../tls/acme/automatic-certificates.ts";
import type { ChallengeKind } from "../tls/acme/challenge-solver.ts";
import type { AcmeStatus } from "../tls/acme/kept-subject.ts";
import { Certificate } from "../tls/certificate.ts";
import type { Certificates } from "../tls/certificates.ts";
import { acmeStaples } from "./acme-staples.ts";
import { acmeSubjects, type PatternSubject } from "./acme-subjects.ts";
import { OrderedNames } from "./ordered-names.ts";

/** What {@link ServerAcme} is made from. */
export interface ServerAcmeInit {
  readonly options: AcmeOptions;
  /** Those that there are now. */
  readonly hosts: () => readonly Host[];
  /** With those of options in it already: what has one is not ordered for. */
  readonly certificates: Certificates;
  /** Whether any host, or the app, answers for a name. */
  readonly serves: (name: string) => boolean;
  /** Whether there are listeners without TLS, and with it. */
  readonly listens: { readonly plainly: boolean; readonly securely: boolean };
  /** Tells other workers, if there are any, of a name whose certificate has come. */
  readonly tell?: ((name: string) => void) | undefined;
  readonly log: Log;
  readonly place: SourcePlace | undefined;
}

/** The automatic certificates of a server: for its hosts, into its table, proved by its listeners. */
export class ServerAcme {
  readonly #init: ServerAcmeInit;
  readonly #automatic: AutomaticCertificates;
  readonly #names: OrderedNames;
  /** Hosts whose changes are heard. */
  readonly #heard = new Set<Host>();
  /** Patterns that nothing can prove, which has been told. */
  readonly #told = new Set<string>();
  #isChanging = false;
  #isStopped = false;

  private constructor(init: ServerAcmeInit, automatic: AutomaticCertificates, names: OrderedNames) {
    this.#init = init;
    this.#automatic = automatic;
    this.#names = names;
  }

  /**
   * Looks whether certificates could be ordered as the options say; nothing is begun.
   *
   * @throws {MillraceError} `ACME_TERMS`, `ACME_NAMES`, `ACME_CHALLENGE`
   */
  static check(init: ServerAcmeInit): readonly PatternSubject[] {
    const { options, hosts, certificates, place } = init;
    const names = new OrderedNames(certificates);
    const list = acmeSubjects(options, hosts(), (pattern) => names.hasOwn(pattern));
    if (list.length === 0 && options.onDemand === undefined) {
      throw new MillraceError("ACME_NAMES", "There is no name that a certificate could be ordered for.", {
        hint: 'Give hosts public names, such as host("www.example.com"), or set acme.names or acme.onDemand.',
        place,
      });
    }
    checkSubjects(init, list);
    return list;
  }

  /**
   * Takes the certificates that are stored into the table; those that are missing are ordered after {@link start}.
   *
   * @throws {MillraceError} as `check` does; `ACME_STORAGE`
   */
  static async open(init: ServerAcmeInit): Promise<ServerAcme> {
    const { options, certificates, listens, log } = init;
    const names = new OrderedNames(certificates);
    const { added: subjects } = names.replace(ServerAcme.check(init));
    if (!listens.securely) log.write("warn", "Certificates are ordered, and no listener speaks TLS", {});
    const automatic = await AutomaticCertificates.open({
      options,
      subjects,
      kinds: kindsOf(listens),
      log,
      serves: init.serves,
      onCertificate: (subject, certificate) => names.place(subject, certificate),
      onOrdered: ({ name }) => init.tell?.(name),
    });
    certificates.onChallenge = async (name) => {
      const found = await automatic.challengeCertificate(name);
      return found === undefined ? undefined : [new Certificate(found)];
    };
    certificates.onMissing = (name, remoteAddress) =>
      names.placeholder(name) ?? automatic.onDemand(name, remoteAddress);
    certificates.onDemand = () => automatic.onDemandInUse();
    certificates.staples = acmeStaples(automatic, names, log);
    const acme = new ServerAcme(init, automatic, names);
    // Those that came meanwhile.
    acme.#change();
    return acme;
  }

  /** Begins to order. Call it when the listeners listen. */
  start(): void {
    this.#automatic.start();
  }

  /** Ends; an order that is under way is gone on with by whoever starts next. */
  stop(): Promise<void> {
    this.#isStopped = true;
    for (const host of this.#heard) host.parts.watchers.delete(this.changed);
    return this.#automatic.stop();
  }

  /** Looks whether it could be ordered for hosts that are about to be added. @throws {MillraceError} `ACME_CHALLENGE` */
  checkHosts(hosts: readonly Host[]): void {
    checkSubjects(this.#init, this.#subjectsOf(hosts));
  }

  /**
   * There are other hosts, or other names: what is new is ordered for, what is gone is renewed no more. In a moment, since
   * scripts that change places are all removed before the next are added, and none of their certificates is to go.
   */
  readonly changed = (): void => {
    if (this.#isChanging) return;
    this.#isChanging = true;
    queueMicrotask(() => this.#change());
  };

  #change(): void {
    this.#isChanging = false;
    if (this.#isStopped) return;
    const hosts = new Set(this.#init.hosts());
    this.#hear(hosts);
    const { added, gone } = this.#names.replace(this.#orderable([...hosts]));
    // In this order: a pattern may have changed whose certificate has the same name.
    this.#automatic.remove(gone);
    this.#automatic.add(added).catch((error: unknown) => {
      this.#init.log.write("error", "Certificates cannot be read", { names: added.map(({ name }) => name), error });
    });
  }

  /** Hosts may be given further names. */
  #hear(hosts: ReadonlySet<Host>): void {
    for (const host of this.#heard.difference(hosts)) host.parts.watchers.delete(this.changed);
    for (const host of hosts.difference(this.#heard)) host.parts.watchers.add(this.changed);
    this.#heard.clear();
    for (const host of hosts) this.#heard.add(host);
  }

  #subjectsOf(hosts: readonly Host[]): readonly PatternSubject[] {
    return acmeSubjects(this.#init.options, hosts, (pattern) => this.#names.hasOwn(pattern));
  }

  /** Without what has come about by a further name of a host that can be proved by nothing. */
  #orderable(hosts: readonly Host[]): readonly PatternSubject[] {
    return this.#subjectsOf(hosts).filter((each) => {
      try {
        checkSubjects(this.#init, [each]);
        return true;
      } catch (error) {
        this.#tell(each, error);
        return false;
      }
    });
  }

  /** Once, whatever else of the hosts changes. */
  #tell({ pattern }: PatternSubject, error: unknown): void {
    if (this.#told.has(pattern)) return;
    this.#told.add(pattern);
    this.#init.log.write("error", (error as Error).message, { error });
  }

  /** Another worker has ordered for a name. */
  look(name: string): void {
    this.#automatic.look(name);
  }

  status(): AcmeStatus[] {
    return this.#automatic.status();
  }

  /** The handler, behind the answers to an authority that looks for proofs by plain HTTP. */
  around(handler: Handler): Handler {
    return (request) => {
      if (request.secure) return handler(request);
      const looking = this.#automatic.httpProof(request.target, request.host);
      if (looking === undefined) return handler(request);
      const isLook = request.method === "GET" || request.method === "HEAD";
      return looking.then((proof) => (proof === undefined || !isLook ? handler(request) : text(proof)));
    };
  }
}

function checkSubjects({ options, listens }: ServerAcmeInit, list: readonly PatternSubject[]): void {
  checkAutomatic({ options, subjects: list.map(({ subject }) => subject), kinds: kindsOf(listens) });
}

function kindsOf({ plainly, securely }: ServerAcmeInit["listens"]): ChallengeKind[] {
  return [...(plainly ? (["http-01"] as const) : []), ...(securely ? (["tls-alpn-01"] as const) : [])];
}
