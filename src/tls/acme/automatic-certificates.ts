import { type Clock, systemClock } from "../../base/clock.ts";
import { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import type { Certificate } from "../certificate.ts";
import type { CertificateSet } from "../certificates.ts";
import type { IssuedCertificate } from "../issue-certificate.ts";
import { termsError } from "./acme-client.ts";
import { type AcmeOptions, defaultFolder, directoryUrl } from "./acme-options.ts";
import { type AcmeTransport, httpsTransport } from "./acme-transport.ts";
import { CertificateKeeper } from "./certificate-keeper.ts";
import { CertificateRecords, type KeptCertificate } from "./certificate-records.ts";
import { ChallengeRecords } from "./challenge-records.ts";
import type { ChallengeKind, ChallengeSolver } from "./challenge-solver.ts";
import { unaliased } from "./dns-alias.ts";
import { propagated } from "./dns-propagation.ts";
import { type DnsQuestions, dnsSolver } from "./dns-solver.ts";
import { FileStorage } from "./file-storage.ts";
import { httpProof } from "./http-responder.ts";
import { Issuer } from "./issuer.ts";
import type { AcmeStatus } from "./kept-subject.ts";
import type { OnDemandCertificates } from "./on-demand.ts";
import { onDemandOf } from "./on-demand-of.ts";
import { pauseOn } from "./pause.ts";
import type { CertificateStorage } from "./storage.ts";
import { isWildcard, type Subject } from "./subject.ts";
import { TlsAlpnResponder } from "./tls-alpn-responder.ts";

/** What automatic certificates need of the server. */
export interface AutomaticInit {
  readonly options: AcmeOptions;
  readonly subjects: readonly Subject[];
  /** What the listeners can prove names by. */
  readonly kinds: readonly ChallengeKind[];
  readonly log: Log;
  /** Whether anything of the server answers for a name; for what is ordered on demand. */
  readonly serves: (name: string) => boolean;
  /** Is given each certificate that comes, those that are there at the start first. */
  readonly onCertificate: (subject: Subject, certificate: KeptCertificate) => void;
  /** Hears that this process has ordered one. Default: nobody does. */
  readonly onOrdered?: ((subject: Subject) => void) | undefined;
  readonly clock?: Clock | undefined;
  readonly transport?: AcmeTransport | undefined;
}

/**
 * Looks whether certificates could be ordered; nothing is begun.
 *
 * @throws {MillraceError} `ACME_TERMS`, `ACME_CHALLENGE`
 */
export function checkAutomatic({
  options,
  subjects,
  kinds,
}: Pick<AutomaticInit, "options" | "subjects" | "kinds">): void {
  if (!options.agree) throw termsError({ termsOfService: undefined });
  if (typeof options.challenge === "object") return;
  const wildcard = subjects.find(isWildcard);
  if (wildcard !== undefined) {
    throw new MillraceError("ACME_CHALLENGE", `A certificate for ${wildcard.name} needs a proof by DNS.`, {
      hint: "Set acme.challenge to a DNS provider, such as dnsUpdate(…) or dnsExec(…), or give the host names without an asterisk.",
    });
  }
  if (kindsOf(options, kinds).length === 0) {
    throw new MillraceError("ACME_CHALLENGE", "No listener can prove names to the authority.", {
      hint: "Listen on port 80 without TLS (http-01), or on port 443 with TLS (tls-alpn-01), or set acme.challenge.",
    });
  }
}

function kindsOf({ challenge }: AcmeOptions, kinds: readonly ChallengeKind[]): readonly ChallengeKind[] {
  return challenge === undefined ? kinds : kinds.filter((kind) => kind === challenge);
}

/** Certificates that a server orders, renews and keeps by itself. */
export class AutomaticCertificates {
  readonly #keeper: CertificateKeeper;
  readonly #challenges: ChallengeRecords;
  readonly #responder: TlsAlpnResponder;
  readonly #onDemand: OnDemandCertificates | undefined;
  /** What is stored of the certificates. */
  readonly records: CertificateRecords;

  private constructor(parts: {
    readonly keeper: CertificateKeeper;
    readonly records: CertificateRecords;
    readonly challenges: ChallengeRecords;
    readonly onDemand: OnDemandCertificates | undefined;
    readonly clock: Clock;
  }) {
    this.#keeper = parts.keeper;
    this.records = parts.records;
    this.#challenges = parts.challenges;
    this.#responder = new TlsAlpnResponder(parts.challenges, parts.clock);
    this.#onDemand = parts.onDemand;
  }

  /**
   * Takes what is stored; nothing is ordered before {@link start}.
   *
   * @throws {MillraceError} `ACME_TERMS`, `ACME_CHALLENGE`, `ACME_STORAGE`
   */
  static async open(init: AutomaticInit): Promise<AutomaticCertificates> {
    const { options, subjects, log, onCertificate, onOrdered = () => {}, clock = systemClock } = init;
    checkAutomatic(init);
    const storage = await storageOf(options.storage, clock);
    const challenges = new ChallengeRecords(storage, clock);
    await challenges.tidy();
    const solvers = solversOf(init, challenges, clock);
    const directory = directoryUrl(options.directory);
    const records = new CertificateRecords(storage, directory);
    const { email = [], agree, externalAccount, profile, preferredChain, authority } = options;
    const contact = [email].flat().map((address) => `mailto:${address}`);
    const issuer = new Issuer({
      directory,
      transport: init.transport ?? httpsTransport(authority),
      registration: { contact, agrees: agree, externalAccount },
      storage,
      records,
      solvers,
      profile,
      preferredChain,
      clock,
      pause: pauseOn(clock),
      log,
    });
    const keeper = new CertificateKeeper({
      issuer,
      records,
      clock,
      log,
      random: Math.random,
      onCertificate,
      onOrdered,
    });
    await keeper.add(...subjects);
    const { onDemand: demanded } = options;
    const parts = { issuer, records, storage, clock, log, serves: init.serves, onOrdered };
    const onDemand = demanded && onDemandOf(demanded, options.directory, parts);
    return new AutomaticCertificates({ keeper, records, challenges, onDemand, clock });
  }

  /** Keeps certificates for further subjects. @throws {MillraceError} `ACME_STORAGE`; they are kept all the same */
  async add(subjects: readonly Subject[]): Promise<void> {
    await this.#keeper.add(...subjects);
  }

  /** Renews those of subjects no more. What is stored stays, for when they come again. */
  remove(subjects: readonly Subject[]): void {
    this.#keeper.remove(...subjects.map(({ name }) => name));
  }

  /** Begins to order what is missing, and to renew. Call it when the listeners listen: the authority comes at once. */
  start(): void {
    this.#keeper.start();
    this.#onDemand?.start();
  }

  /** Ends; what is under way is gone on with at the next start. */
  async stop(): Promise<void> {
    await Promise.all([this.#keeper.stop(), this.#onDemand?.stop()]);
  }

  /** Has a subject looked at without delay: another process has ordered. */
  look(name: string): void {
    this.#keeper.look(name);
    this.#onDemand?.look(name);
  }

  /** Has a certificate replaced that was revoked. @param serial its number, as Node writes it */
  async revoked(name: string, serial: string): Promise<void> {
    await this.#keeper.revoked(name, serial);
    await this.#onDemand?.revoked(name, serial);
  }

  /** Those that were ordered on demand and are in use. */
  onDemandInUse(): Iterable<Certificate> {
    return this.#onDemand?.inUse() ?? [];
  }

  /** What a certificate was ordered for on demand; undefined when it was not. */
  onDemandSubject(certificate: Certificate): Subject | undefined {
    return this.#onDemand?.subjectOf(certificate);
  }

  /** The certificates, in the order of their subjects, then those that were ordered on demand. */
  status(): AcmeStatus[] {
    return [...this.#keeper.status(), ...(this.#onDemand?.status() ?? [])];
  }

  /**
   * What is served for a name that nobody has ordered for beforehand; undefined when it is to have none.
   *
   * @throws {NoCertificateYet} also by the promise
   */
  onDemand(name: string, remoteAddress: string): MaybePromise<CertificateSet | undefined> {
    return this.#onDemand?.find(name, remoteAddress);
  }

  /**
   * What an authority that asks by plain HTTP is answered; undefined, perhaps later, for requests that are not its own.
   *
   * @param target as it was sent
   */
  httpProof(target: string, authority: string): Promise<string | undefined> | undefined {
    return httpProof(this.#challenges, target, authority);
  }

  /** The certificate of a handshake by `acme-tls/1`; undefined when nobody has ordered for the name. */
  challengeCertificate(name: string): Promise<IssuedCertificate | undefined> {
    return this.#responder.certificateFor(name);
  }
}

async function storageOf(option: AcmeOptions["storage"], clock: Clock): Promise<CertificateStorage> {
  if (typeof option === "object") return option;
  return new FileStorage(option ?? defaultFolder(), { clock }).open();
}

function solversOf(
  { options, kinds, log }: AutomaticInit,
  challenges: ChallengeRecords,
  clock: Clock,
): readonly ChallengeSolver[] {
  const { challenge, resolvers } = options;
  if (typeof challenge === "object") {
    const propagation = { resolvers, clock, pause: pauseOn(clock), log };
    const questions: DnsQuestions = {
      unaliased: (name, signal) => unaliased(name, { resolvers }, signal),
      propagated: (name, value, signal) => propagated(name, value, propagation, signal),
    };
    return [dnsSolver(challenge, questions)];
  }
  const able = kindsOf(options, kinds);
  return [challenges.http, challenges.tlsAlpn].filter(({ kind }) => able.includes(kind));
}
