import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import { Certificate } from "../certificate.ts";
import { type CertificateSet, NoCertificateYet } from "../certificates.ts";
import { CertificateKeeper } from "./certificate-keeper.ts";
import type { CertificateRecords, KeptCertificate } from "./certificate-records.ts";
import { isDemandableName } from "./demandable-name.ts";
import type { Issuer } from "./issuer.ts";
import type { AcmeStatus } from "./kept-subject.ts";
import type { OnDemandLimits } from "./on-demand-options.ts";
import type { OrderBudget } from "./order-budget.ts";
import type { Pause } from "./pause.ts";
import type { Permissions } from "./permissions.ts";
import { type Subject, subjectOf } from "./subject.ts";

/** What {@link OnDemandCertificates} are made of. */
export interface OnDemandInit {
  readonly issuer: Issuer;
  readonly records: CertificateRecords;
  readonly permissions: Permissions;
  readonly budget: OrderBudget;
  readonly maxNames: OnDemandLimits["maxNames"];
  /** Whether anything of the server answers for a name. */
  readonly serves: (name: string) => boolean;
  /** Whether the authority is a public one. */
  readonly isPublic: boolean;
  readonly onOrdered: (subject: Subject) => void;
  readonly clock: Clock;
  readonly pause: Pause;
  readonly log: Log;
}

/** What is served for a name. */
interface Served {
  readonly certificates: CertificateSet;
  readonly notAfter: number;
  /** On the monotonic clock. */
  usedAt: number;
}

/** Names that wait for their orders, of which few are made at the same time. */
const MOST_ORDERED = 200;
/** Names whose last order failed, that are remembered. */
const MOST_FAILED = 1_000;
/** Milliseconds after which it is looked anew whether a name that failed has a certificate: another server may have it. */
const LOOK_AGAIN = 60_000;
/** Milliseconds between two looks at what another process orders, while somebody waits. */
const POLL = 1_000;
const HOUR = 3_600_000;
/** Milliseconds without a handshake after which a certificate is not renewed before somebody asks for it again. */
const IDLE = 24 * HOUR;
/** Milliseconds between two looks at the storage; other workers tell what they have ordered. */
const CALM = HOUR / 4;
/** Entries of the status. */
const MOST_TOLD = 100;

/**
 * Certificates that are ordered at the first handshake for a name.
 *
 * Clients choose the names, so everything that is remembered has an end, and the cheapest question comes first: is there
 * one, is it a name, does anybody answer for it, was it refused a moment ago. Nothing is read from the storage, and nothing
 * ordered, for a name that has not been agreed to.
 */
export class OnDemandCertificates {
  readonly #init: OnDemandInit;
  readonly #keeper: CertificateKeeper;
  /** By name, the one that was asked for last at the end. */
  readonly #served = new Map<string, Served>();
  readonly #subjects = new WeakMap<Certificate, Subject>();
  /** All handshakes for a name wait for the same. */
  readonly #pending = new Map<string, Promise<CertificateSet | undefined>>();
  #ordering = 0;
  /** On the monotonic clock: until when a name is not tried again. */
  readonly #failed = new Map<string, number>();
  readonly #stopped = new AbortController();
  #quietUntil = -Infinity;

  constructor(init: OnDemandInit) {
    this.#init = init;
    const { issuer, records, clock, log, onOrdered } = init;
    // One of its own: a crowd of new names does not stand in the way of those that hosts have.
    this.#keeper = new CertificateKeeper({
      issuer,
      records,
      clock,
      log,
      onOrdered,
      random: Math.random,
      calm: CALM,
      onCertificate: (subject, certificate) => this.#serve(subject, certificate),
      mayOrder: (subject, signal) => this.#mayOrder(subject, signal),
    });
  }

  /** Begins to renew. */
  start(): void {
    this.#keeper.start();
  }

  /** Ends; an order that is under way is gone on with when its name is asked for again. */
  async stop(): Promise<void> {
    this.#stopped.abort(new NoCertificateYet("The server stops"));
    this.#init.permissions.stop();
    await this.#keeper.stop();
    await Promise.allSettled(this.#pending.values());
  }

  /** Another process has ordered for a name. */
  look(name: string): void {
    this.#failed.delete(name);
    this.#keeper.look(name);
  }

  /** Has a certificate replaced that was revoked, if it is still the one that is served. */
  revoked(name: string, serial: string): Promise<void> {
    return this.#keeper.revoked(name, serial);
  }

  /** Those that are served and that somebody has asked for within a day. */
  *inUse(): Iterable<Certificate> {
    const since = this.#init.clock.now() - IDLE;
    for (const { certificates, usedAt } of this.#served.values()) if (usedAt >= since) yield* certificates;
  }

  /** What a certificate was ordered for; undefined when it came from elsewhere. */
  subjectOf(certificate: Certificate): Subject | undefined {
    return this.#subjects.get(certificate);
  }

  /** How those are that are in memory, the ones with an error first; a hundred at most. */
  status(): AcmeStatus[] {
    const all = this.#keeper.status();
    const [bad, good] = [
      all.filter(({ error }) => error !== undefined),
      all.filter(({ error }) => error === undefined),
    ];
    return [...bad, ...good].slice(0, MOST_TOLD);
  }

  /**
   * What is served for a name; undefined when it is to have none.
   *
   * @param name in lower case
   * @param remoteAddress whose handshake it is
   * @throws {NoCertificateYet} also by the promise
   */
  find(name: string, remoteAddress: string): MaybePromise<CertificateSet | undefined> {
    const served = this.#current(name);
    if (served !== undefined) return this.#use(name, served);
    const { serves, isPublic, permissions, clock } = this.#init;
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending;
    if (!isDemandableName(name, isPublic) || !serves(name) || permissions.remembered(name) === "no") return undefined;
    if ((this.#failed.get(name) ?? 0) > clock.now()) throw new NoCertificateYet("The last order for the name failed");
    const begun = this.#begin(name, remoteAddress).finally(() => this.#pending.delete(name));
    this.#pending.set(name, begun);
    return begun;
  }

  async #begin(name: string, remoteAddress: string): Promise<CertificateSet | undefined> {
    const answer = await this.#init.permissions.ask(name, remoteAddress);
    this.#stopped.signal.throwIfAborted();
    if (answer === "no") return undefined;
    try {
      await this.#keeper.add(subjectOf(name));
      // One that is there was agreed to before: that nobody can be asked now is no reason to take it away.
      const served = this.#current(name) ?? (answer === "yes" ? await this.#ordered(name) : undefined);
      if (served !== undefined) return this.#use(name, served);
    } catch (error) {
      if (error instanceof NoCertificateYet) throw error;
      this.#init.log.write("error", "Certificates cannot be read", { name, error });
    } finally {
      if (this.#current(name) === undefined) this.#keeper.remove(name);
    }
    throw new NoCertificateYet("There is no certificate for the name yet");
  }

  /** Undefined when there is none for now. @throws {NoCertificateYet} when too many wait for theirs */
  async #ordered(name: string): Promise<Served | undefined> {
    if (this.#ordering >= MOST_ORDERED) throw new NoCertificateYet("Too many certificates are being ordered");
    this.#ordering++;
    try {
      const served = await this.#awaited(name);
      if (served === undefined) this.#fail(name);
      return served;
    } finally {
      this.#ordering--;
    }
  }

  async #awaited(name: string): Promise<Served | undefined> {
    for (;;) {
      const kept = await this.#keeper.lookNow(name);
      this.#stopped.signal.throwIfAborted();
      const served = this.#current(name);
      if (served !== undefined || kept?.isElsewhere !== true) return served;
      await this.#init.pause(POLL, this.#stopped.signal);
    }
  }

  #fail(name: string): void {
    if (this.#failed.size >= MOST_FAILED) this.#failed.delete(this.#failed.keys().next().value!);
    this.#failed.set(name, this.#init.clock.now() + LOOK_AGAIN);
  }

  #serve(subject: Subject, { chain: cert, key, notAfter }: KeptCertificate): void {
    const { name } = subject;
    const certificate = new Certificate({ cert, key });
    // What is over is ordered anew: it stays with the keeper, whose look finds it due.
    if (!certificate.covers(name) || notAfter <= this.#init.clock.wall()) return;
    this.#subjects.set(certificate, subject);
    const usedAt = this.#served.get(name)?.usedAt ?? this.#init.clock.now();
    this.#served.set(name, { certificates: [certificate], notAfter, usedAt });
    this.#failed.delete(name);
    if (this.#served.size > this.#init.maxNames) this.#forget(this.#served.keys().next().value!);
  }

  /** What is served, if it still may be. */
  #current(name: string): Served | undefined {
    const served = this.#served.get(name);
    if (served === undefined || served.notAfter > this.#init.clock.wall()) return served;
    this.#forget(name);
    return undefined;
  }

  #use(name: string, served: Served): CertificateSet {
    served.usedAt = this.#init.clock.now();
    this.#served.delete(name);
    this.#served.set(name, served);
    return served.certificates;
  }

  /** It is in the storage, for who asks for it again. */
  #forget(name: string): void {
    this.#served.delete(name);
    this.#keeper.remove(name);
  }

  /** Milliseconds to wait before an order, also for a renewal. */
  async #mayOrder({ name }: Subject, signal: AbortSignal): Promise<number> {
    const { permissions, budget, clock } = this.#init;
    const served = this.#served.get(name);
    if (served !== undefined && served.usedAt + IDLE < clock.now()) {
      this.#forget(name);
      return HOUR;
    }
    if ((await permissions.ask(name, undefined)) !== "yes") return HOUR;
    const wait = await budget.take(signal);
    if (wait > 0) this.#tellOfBudget(name, wait);
    return wait;
  }

  #tellOfBudget(name: string, wait: number): void {
    const { clock, log } = this.#init;
    if (clock.now() < this.#quietUntil) return;
    this.#quietUntil = clock.now() + LOOK_AGAIN;
    const seconds = Math.ceil(wait / 1000);
    log.write("warn", "No more certificates are ordered on demand for now: see acme.onDemand.ordersPerHour", {
      name,
      seconds,
    });
  }
}
