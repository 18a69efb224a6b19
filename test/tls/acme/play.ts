import { createHash } from "node:crypto";
import type { Log, LogFields } from "../../../src/base/log.ts";
import type { AcmeTransport } from "../../../src/tls/acme/acme-transport.ts";
import { CertificateKeeper } from "../../../src/tls/acme/certificate-keeper.ts";
import { CertificateRecords, type KeptCertificate } from "../../../src/tls/acme/certificate-records.ts";
import { ChallengeRecords } from "../../../src/tls/acme/challenge-records.ts";
import type { ChallengeSolver } from "../../../src/tls/acme/challenge-solver.ts";
import { dnsSolver } from "../../../src/tls/acme/dns-solver.ts";
import type { ExternalAccount } from "../../../src/tls/acme/external-account.ts";
import { Issuer } from "../../../src/tls/acme/issuer.ts";
import type { AcmeStatus } from "../../../src/tls/acme/kept-subject.ts";
import type { CertificateStorage } from "../../../src/tls/acme/storage.ts";
import { type Subject, subjectOf } from "../../../src/tls/acme/subject.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { DIRECTORY, FakeAuthority, type FakeAuthorityInit } from "./fake-authority.ts";
import { MemoryStorage } from "./memory-storage.ts";

export const SUBJECT: Subject = subjectOf("example.com");

/** How a play differs from the usual one. */
export interface PlayInit {
  readonly storage?: MemoryStorage;
  readonly clock?: FakeClock;
  readonly authority?: FakeAuthority;
  readonly fake?: Partial<FakeAuthorityInit>;
  readonly solvers?: readonly ("http" | "tlsAlpn" | "dns")[];
  readonly externalAccount?: ExternalAccount;
  readonly agrees?: boolean;
  readonly preferredChain?: string;
  readonly contact?: readonly string[];
  readonly wrapStorage?: (storage: CertificateStorage) => CertificateStorage;
  readonly wrapTransport?: (transport: AcmeTransport) => AcmeTransport;
}

/** One process that keeps certificates, with an authority, a clock and a storage that tests hold in their hands. */
export class Play {
  readonly clock: FakeClock;
  readonly storage: MemoryStorage;
  readonly authority: FakeAuthority;
  readonly records: CertificateRecords;
  readonly challenges: ChallengeRecords;
  readonly issuer: Issuer;
  readonly keeper: CertificateKeeper;
  readonly certificates: KeptCertificate[] = [];
  readonly logged: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  /** Names that others were told of. */
  readonly told: string[] = [];
  /** Milliseconds that were waited for the authority. */
  readonly pauses: number[] = [];
  /** TXT records by name. */
  readonly dns = new Map<string, string[]>();

  constructor(init: PlayInit = {}) {
    this.clock = init.clock ?? new FakeClock();
    this.storage = init.storage ?? new MemoryStorage();
    const storage = init.wrapStorage?.(this.storage) ?? this.storage;
    this.challenges = new ChallengeRecords(storage, this.clock);
    this.records = new CertificateRecords(storage, DIRECTORY);
    this.authority =
      init.authority ??
      new FakeAuthority({
        wall: () => this.clock.wall(),
        look: (kind, name, token) => this.look(kind, name, token),
        ...init.fake,
      });
    const log: Log = { write: (level, message, fields = {}) => void this.logged.push({ level, message, fields }) };
    const common = { storage, records: this.records, clock: this.clock, log };
    this.issuer = new Issuer({
      ...common,
      directory: DIRECTORY,
      transport: init.wrapTransport?.(this.authority.transport) ?? this.authority.transport,
      registration: {
        contact: init.contact ?? ["mailto:admin@example.com"],
        agrees: init.agrees ?? true,
        externalAccount: init.externalAccount,
      },
      solvers: this.#solvers(init.solvers ?? ["http"]),
      preferredChain: init.preferredChain,
      pause: async (milliseconds, signal) => {
        signal.throwIfAborted();
        this.pauses.push(milliseconds);
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
    this.keeper = new CertificateKeeper({
      ...common,
      issuer: this.issuer,
      random: () => 0.5,
      onOrdered: ({ name }) => void this.told.push(name),
      onCertificate: (_, certificate) => void this.certificates.push(certificate),
    });
  }

  #solvers(names: readonly ("http" | "tlsAlpn" | "dns")[]): ChallengeSolver[] {
    const provider = {
      present: (name: string, value: string): void => {
        this.dns.set(name, [...(this.dns.get(name) ?? []), value]);
      },
      cleanUp: (name: string, value: string): void => {
        this.dns.set(
          name,
          (this.dns.get(name) ?? []).filter((each) => each !== value),
        );
      },
    };
    return names.map((name) => (name === "dns" ? dnsSolver(provider, { propagated() {} }) : this.challenges[name]));
  }

  /** What the authority finds when it looks. */
  async look(kind: string, name: string, token: string): Promise<string | undefined> {
    if (kind === "dns-01") return this.dns.get(`_acme-challenge.${name}`)?.at(-1);
    if (kind === "http-01") return this.challenges.ofToken(token, name);
    const { authorization } = (await this.challenges.ofServerName(name)) ?? {};
    return authorization && createHash("sha256").update(authorization).digest("base64url");
  }

  /** Orders once. */
  obtain(subject: Subject = SUBJECT, failures = 0): Promise<void> {
    return this.issuer.obtain(subject, undefined, failures, new AbortController().signal);
  }

  /** Lets the keeper's looks, which have begun, come to their ends. */
  async settle(): Promise<void> {
    // All but the work of keys, which only orders do, is in memory: a few turns of the loop are enough. What waits may be
    // about to order, and keys are made by other threads, which have to get their turn.
    let since = performance.now();
    for (let quiet = 0; quiet < 20 || (performance.now() - since < 50 && this.#has("waiting"));) {
      const before = this.#marks();
      await new Promise((resolve) => setImmediate(resolve));
      if (before === this.#marks() && !this.#has("ordering")) quiet++;
      else [quiet, since] = [0, performance.now()];
    }
  }

  #has(wanted: AcmeStatus["state"]): boolean {
    return this.keeper.status().some(({ state }) => state === wanted);
  }

  #marks(): string {
    return [this.authority.requests.length, this.logged.length, this.certificates.length].join();
  }

  /** Lets time pass in steps, so that what is due happens on the way. */
  async pass(milliseconds: number, step: number = milliseconds): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      this.clock.advance(step);
      await this.settle();
    }
  }

  /** Lets days pass that the keeper sleeps through, as a machine would: only the wall clock tells. */
  async leap(milliseconds: number): Promise<void> {
    this.clock.jump(milliseconds - 1000);
    this.clock.advance(1000);
    await this.settle();
  }
}
