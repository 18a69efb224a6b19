import { MillraceError, type SourcePlace } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { HostMap, parseHostPattern } from "../fields/host-pattern.ts";
import type { Host } from "../hosts/host.ts";
import type { Handler } from "../http/handler.ts";
import { text } from "../http/make.ts";
import type { AcmeOptions } from "../tls/acme/acme-options.ts";
import { AutomaticCertificates, checkAutomatic } from "../tls/acme/automatic-certificates.ts";
import type { ChallengeKind } from "../tls/acme/challenge-solver.ts";
import type { AcmeStatus } from "../tls/acme/kept-subject.ts";
import type { Subject } from "../tls/acme/subject.ts";
import { Certificate } from "../tls/certificate.ts";
import type { Certificates, CertificateSet, KeptStaples } from "../tls/certificates.ts";
import { issueCertificate } from "../tls/issue-certificate.ts";
import { acmeSubjects, type PatternSubject } from "./acme-subjects.ts";

/** What {@link ServerAcme} is made from. */
export interface ServerAcmeInit {
  readonly options: AcmeOptions;
  readonly hosts: readonly Host[];
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

const DAY = 86_400_000;

/** The automatic certificates of a server: for its hosts, into its table, proved by its listeners. */
export class ServerAcme {
  readonly #automatic: AutomaticCertificates;

  private constructor(automatic: AutomaticCertificates) {
    this.#automatic = automatic;
  }

  /**
   * Looks whether certificates could be ordered as the options say; nothing is begun.
   *
   * @throws {MillraceError} `ACME_TERMS`, `ACME_NAMES`, `ACME_CHALLENGE`
   */
  static check(init: ServerAcmeInit): readonly PatternSubject[] {
    const { options, hosts, certificates, listens, place } = init;
    const list = acmeSubjects(options, hosts, certificates);
    if (list.length === 0 && options.onDemand === undefined) {
      throw new MillraceError("ACME_NAMES", "There is no name that a certificate could be ordered for.", {
        hint: 'Give hosts public names, such as host("www.example.com"), or set acme.names or acme.onDemand.',
        place,
      });
    }
    checkAutomatic({ options, subjects: list.map(({ subject }) => subject), kinds: kindsOf(listens) });
    return list;
  }

  /**
   * Takes the certificates that are stored into the table; those that are missing are ordered after {@link start}.
   *
   * @throws {MillraceError} as `check` does; `ACME_STORAGE`
   */
  static async open(init: ServerAcmeInit): Promise<ServerAcme> {
    const { options, certificates, listens, log } = init;
    const list = ServerAcme.check(init);
    if (!listens.securely) log.write("warn", "Certificates are ordered, and no listener speaks TLS", {});
    const patterns = new Map(list.map(({ pattern, subject }) => [subject, pattern]));
    const served = new WeakMap<Certificate, Subject>();
    const automatic = await AutomaticCertificates.open({
      options,
      subjects: [...patterns.keys()],
      kinds: kindsOf(listens),
      log,
      serves: init.serves,
      onCertificate: (subject, { chain: cert, key }) => {
        const certificate = new Certificate({ cert, key });
        served.set(certificate, subject);
        certificates.set(patterns.get(subject)!, certificate);
      },
      onOrdered: ({ name }) => init.tell?.(name),
    });
    certificates.onChallenge = async (name) => {
      const found = await automatic.challengeCertificate(name);
      return found === undefined ? undefined : [new Certificate(found)];
    };
    const placeholder = placeholders(list, certificates);
    certificates.onMissing = (name, remoteAddress) => placeholder(name) ?? automatic.onDemand(name, remoteAddress);
    certificates.staples = staplesOf(automatic, served, log);
    return new ServerAcme(automatic);
  }

  /** Begins to order. Call it when the listeners listen. */
  start(): void {
    this.#automatic.start();
  }

  /** Ends; an order that is under way is gone on with by whoever starts next. */
  stop(): Promise<void> {
    return this.#automatic.stop();
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

function kindsOf({ plainly, securely }: ServerAcmeInit["listens"]): ChallengeKind[] {
  return [...(plainly ? (["http-01"] as const) : []), ...(securely ? (["tls-alpn-01"] as const) : [])];
}

/** What responders say of certificates is kept beside them; one that was revoked is replaced. */
function staplesOf(automatic: AutomaticCertificates, served: WeakMap<Certificate, Subject>, log: Log): KeptStaples {
  const { records } = automatic;
  return {
    async get(certificate) {
      const subject = served.get(certificate);
      return subject && records.staple(subject);
    },
    async put(certificate, response) {
      const subject = served.get(certificate);
      if (subject !== undefined) await records.putStaple(subject, response);
    },
    onRevoked(certificate) {
      const subject = served.get(certificate);
      if (subject === undefined) return;
      automatic.revoked(subject.name, certificate.serial).catch((error: unknown) => {
        log.write("error", "Certificates cannot be kept", { name: subject.name, error });
      });
    },
  };
}

/** Certificates of our own for names whose first one has not come yet, made when somebody asks. */
function placeholders(
  list: readonly PatternSubject[],
  certificates: Certificates,
): (name: string) => Promise<CertificateSet> | undefined {
  const subjects = new HostMap<Subject>();
  for (const { pattern, subject } of list) subjects.set(parseHostPattern(pattern), subject);
  const made = new Map<Subject, Promise<CertificateSet>>();
  return (name) => {
    const subject = subjects.find(name);
    // One that somebody has signed is better, whatever it is for.
    if (subject === undefined || certificates.any !== undefined) return undefined;
    let set = made.get(subject);
    if (set === undefined) made.set(subject, (set = placeholder(subject)));
    return set;
  };
}

async function placeholder({ identifiers }: Subject): Promise<CertificateSet> {
  const now = Date.now();
  const issued = await issueCertificate({
    subject: "millrace, until the first certificate has come",
    names: identifiers.map(({ value }) => value),
    notBefore: now - DAY,
    notAfter: now + 30 * DAY,
  });
  return [new Certificate(issued)];
}
