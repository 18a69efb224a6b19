import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { AccountStore } from "./account-store.ts";
import type { Registration } from "./acme-client.ts";
import { AcmeError } from "./acme-error.ts";
import { AcmeSession } from "./acme-session.ts";
import type { AcmeTransport } from "./acme-transport.ts";
import type { CertificateRecords, KeptCertificate } from "./certificate-records.ts";
import type { ChallengeSolver } from "./challenge-solver.ts";
import { obtainCertificate } from "./obtain-certificate.ts";
import type { Pause } from "./pause.ts";
import { nextLook, type RenewalWindow, renewalWindowOf } from "./renewal-time.ts";
import type { CertificateStorage } from "./storage.ts";
import { isWildcard, type Subject } from "./subject.ts";
import { certificateId } from "./x509.ts";

/** What an {@link Issuer} is made of. */
export interface IssuerInit {
  readonly directory: string;
  readonly transport: AcmeTransport;
  readonly registration: Registration;
  readonly storage: CertificateStorage;
  readonly records: CertificateRecords;
  readonly solvers: readonly ChallengeSolver[];
  readonly profile?: string | undefined;
  readonly preferredChain?: string | undefined;
  readonly clock: Clock;
  readonly pause: Pause;
  readonly log: Log;
}

/** What an authority suggests for a certificate, and milliseconds until it is asked again. */
export interface RenewalAdvice {
  readonly window: RenewalWindow | undefined;
  readonly askAfter: number;
}

/** An authority as this server uses it: gives certificates, and says when they should be renewed. */
export class Issuer {
  readonly #init: IssuerInit;
  readonly #session: AcmeSession;
  readonly #accounts: AccountStore;

  constructor(init: IssuerInit) {
    this.#init = init;
    this.#session = new AcmeSession(init.directory, init.transport, init.clock);
    this.#accounts = new AccountStore(init.storage, this.#session, init.registration, init.pause);
  }

  /**
   * Has a certificate stored.
   *
   * @param old that it is in the place of
   * @param failures tries before this one: each takes another of the ways that there are, as one may be blocked
   * @throws {AcmeError}
   */
  async obtain(
    subject: Subject,
    old: KeptCertificate | undefined,
    failures: number,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#order(subject, old, failures, signal);
    } catch (error) {
      if (!(error instanceof AcmeError) || error.code !== "ACME_NO_ACCOUNT") throw error;
      await this.#accounts.forget();
      await this.#order(subject, old, failures, signal);
    }
  }

  async #order(
    subject: Subject,
    old: KeptCertificate | undefined,
    failures: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { records, log, pause, profile, preferredChain } = this.#init;
    const client = await this.#accounts.client(signal);
    const { renewalInfo } = await this.#session.directory(signal);
    const replaces = old === undefined || renewalInfo === undefined ? undefined : await certificateId(old.leaf);
    const solvers = this.#solversFor(subject, failures);
    const ordering = { client, records, solvers, log, pause, signal, profile, preferredChain, replaces };
    await obtainCertificate(subject, ordering);
  }

  #solversFor(subject: Subject, failures: number): readonly ChallengeSolver[] {
    const { solvers } = this.#init;
    const able = isWildcard(subject) ? solvers.filter(({ kind }) => kind === "dns-01") : solvers;
    const first = able.length === 0 ? 0 : failures % able.length;
    return [...able.slice(first), ...able.slice(0, first)];
  }

  /** RFC 9773 §4. An authority that says nothing, or cannot be asked, leaves it to us. */
  async renewalAdvice({ leaf }: KeptCertificate, signal: AbortSignal): Promise<RenewalAdvice> {
    try {
      const { renewalInfo } = await this.#session.directory(signal);
      const id = renewalInfo === undefined ? undefined : await certificateId(leaf);
      if (id === undefined) return { window: undefined, askAfter: nextLook(undefined) };
      const url = `${renewalInfo!.replace(/\/$/, "")}/${id}`;
      const { json, retryAfter } = await this.#session.get(url, "When to renew cannot be asked", signal);
      return { window: renewalWindowOf(json), askAfter: nextLook(retryAfter) };
    } catch (error) {
      signal.throwIfAborted();
      this.#init.log.write("debug", "The authority does not say when to renew", { error });
      return { window: undefined, askAfter: nextLook(undefined) };
    }
  }
}
