import { HostMap, parseHostPattern } from "../fields/host-pattern.ts";
import type { KeptCertificate } from "../tls/acme/certificate-records.ts";
import type { Subject } from "../tls/acme/subject.ts";
import { Certificate } from "../tls/certificate.ts";
import type { Certificates, CertificateSet } from "../tls/certificates.ts";
import { issueCertificate } from "../tls/issue-certificate.ts";
import type { PatternSubject } from "./acme-subjects.ts";

/** What is ordered for a pattern, and what has come of it. */
interface Ordered extends PatternSubject {
  /** What this class has put into the table, if anything. */
  placed: CertificateSet | undefined;
  /** Made when somebody asks before the first one has come. */
  placeholder: Promise<CertificateSet> | undefined;
}

/** What has changed. */
export interface OrderedChange {
  readonly added: readonly Subject[];
  readonly gone: readonly Subject[];
}

const DAY = 86_400_000;

/** The names that a server orders certificates for, and what of them stands in its table. */
export class OrderedNames {
  readonly #table: Certificates;
  readonly #subjects = new WeakMap<Certificate, Subject>();
  #bySubject = new Map<Subject, Ordered>();
  #byKey = new Map<string, Ordered>();
  #byPattern = new HostMap<Ordered>();

  constructor(table: Certificates) {
    this.#table = table;
  }

  /** Whether a pattern has a certificate that was not ordered here. */
  hasOwn(pattern: string): boolean {
    const set = this.#table.get(pattern) ?? [];
    return set.length > 0 && set !== this.#byPattern.get(parseHostPattern(pattern))?.placed;
  }

  /** From now on it is ordered for these, and no others: what others had goes from the table. */
  replace(list: readonly PatternSubject[]): OrderedChange {
    const before = this.#byKey;
    const all = list.map((each) => {
      const known = before.get(keyOf(each));
      return known ?? { ...each, placed: undefined, placeholder: undefined };
    });
    this.#byKey = new Map(all.map((each) => [keyOf(each), each]));
    this.#bySubject = new Map(all.map((each) => [each.subject, each]));
    this.#byPattern = new HostMap();
    for (const each of all) this.#byPattern.set(parseHostPattern(each.pattern), each);
    const gone = [...before.values()].filter(({ subject }) => !this.#bySubject.has(subject));
    for (const each of gone) this.#takeAway(each);
    return {
      added: all.filter((each) => before.get(keyOf(each)) !== each).map(({ subject }) => subject),
      gone: gone.map(({ subject }) => subject),
    };
  }

  /** A certificate has come. */
  place(subject: Subject, { chain: cert, key }: KeptCertificate): void {
    const ordered = this.#bySubject.get(subject);
    if (ordered === undefined) return;
    const certificate = new Certificate({ cert, key });
    this.#subjects.set(certificate, subject);
    this.#table.set(ordered.pattern, certificate);
    ordered.placed = this.#table.get(ordered.pattern);
  }

  /** What a certificate was ordered for; undefined when it came from elsewhere. */
  subjectOf(certificate: Certificate): Subject | undefined {
    return this.#subjects.get(certificate);
  }

  /** What somebody else has put there since stays. */
  #takeAway({ pattern, placed }: Ordered): void {
    if (placed !== undefined && this.#table.get(pattern) === placed) this.#table.delete(pattern);
  }

  /** A certificate of our own for a name whose first one has not come yet; undefined for all other names. */
  placeholder(name: string): Promise<CertificateSet> | undefined {
    const ordered = this.#byPattern.find(name);
    // One that somebody has signed is better, whatever it is for.
    if (ordered === undefined || this.#table.any !== undefined) return undefined;
    return (ordered.placeholder ??= placeholderFor(ordered.subject));
  }
}

function keyOf({ pattern, subject }: PatternSubject): string {
  return `${pattern} ${subject.identifiers.map(({ value }) => value).join()}`;
}

async function placeholderFor({ identifiers }: Subject): Promise<CertificateSet> {
  const now = Date.now();
  const issued = await issueCertificate({
    subject: "millrace, until the first certificate has come",
    names: identifiers.map(({ value }) => value),
    notBefore: now - DAY,
    notAfter: now + 30 * DAY,
  });
  return [new Certificate(issued)];
}
