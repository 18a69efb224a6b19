import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { AcmeError } from "./acme-error.ts";
import { backoff } from "./backoff.ts";
import type { CertificateRecords, KeptCertificate, KeptState } from "./certificate-records.ts";
import type { InTurn } from "./in-turn.ts";
import type { Issuer } from "./issuer.ts";
import { renewalTime } from "./renewal-time.ts";
import type { Subject } from "./subject.ts";

/** How the certificate of a subject is. */
export interface AcmeStatus {
  /** The first name that it is for. */
  readonly name: string;
  readonly names: readonly string[];
  /** `waiting` for the first one, `ordering`, `good`, or `expired`. */
  readonly state: "waiting" | "ordering" | "good" | "expired";
  /** The common name of whoever issued it; undefined until there is one. */
  readonly issuer: string | undefined;
  readonly expires: Date | undefined;
  /** When it is renewed, or the next try after one that failed. */
  readonly next: Date | undefined;
  /** Why the last try failed; undefined when it did not. */
  readonly error: string | undefined;
}

/** What all subjects of a server share. */
export interface Keeping {
  readonly issuer: Issuer;
  readonly records: CertificateRecords;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Is given each certificate that comes, whichever process ordered it. */
  readonly onCertificate: (subject: Subject, certificate: KeptCertificate) => void;
  /** Hears that this process has ordered one, to tell others that share the storage. */
  readonly onOrdered: (subject: Subject) => void;
  /**
   * Asked before each order: milliseconds that it has to wait at least, 0 when it may be made. Default: it may.
   */
  readonly mayOrder?: ((subject: Subject, signal: AbortSignal) => Promise<number>) | undefined;
  /** Milliseconds between two looks while nothing is due. Default: a minute. */
  readonly calm?: number | undefined;
  /** Waits for one of the places in which orders are made at the same time, each with its lock. */
  readonly inTurn: InTurn;
  /** The same for questions when to renew, which do not wait for orders. */
  readonly askInTurn: InTurn;
}

/** Milliseconds between two looks: while nothing is due, and while another process orders. */
const CALM = 60_000;
const EAGER = 5_000;
/** No try is put off for longer, whatever the state says: a clock that was wrong has written it. */
const FARTHEST = 8 * 86_400_000;

/** Keeps one certificate fresh: looks now and then whether it is due, or whether somebody else has renewed it. */
export class KeptSubject {
  readonly subject: Subject;
  readonly #keeping: Keeping;
  #certificate: KeptCertificate | undefined;
  #state: KeptState | undefined;
  /** The serial number of what this process knows to be revoked. */
  #revoked: string | undefined;
  #isOrdering = false;
  /** Tries in a row that failed without the storage learning of it. */
  #unsaid = 0;
  /** On the monotonic clock: no order of ours before. */
  #heldUntil = 0;
  #isElsewhere = false;
  #isRetired = false;

  constructor(subject: Subject, keeping: Keeping) {
    this.subject = subject;
    this.#keeping = keeping;
  }

  /** Whether another process was at work on it when it was looked at last. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  /** Nobody wants it any more: nothing is told of it, and nothing begun. */
  retire(): void {
    this.#isRetired = true;
  }

  /** Takes what the storage has. */
  async load(): Promise<void> {
    const { records, onCertificate } = this.#keeping;
    const state = await records.state(this.subject);
    // What was learned while it was read, or has not been stored, is not forgotten.
    this.#state = this.#revoked === undefined ? state : { ...(state ?? this.#fresh()), revoked: this.#revoked };
    const found = await records.certificate(this.subject, this.#certificate);
    if (found === undefined || found === this.#certificate) return;
    this.#certificate = found;
    this.#revoked = undefined;
    if (!this.#isRetired) onCertificate(this.subject, found);
  }

  /**
   * Looks, and does what is due.
   *
   * @returns milliseconds until the next look
   */
  async look(signal: AbortSignal): Promise<number> {
    try {
      await this.load();
      this.#isElsewhere = false;
      const { inTurn, askInTurn } = this.#keeping;
      // The lock in its turn and not before: each is an open file, and there may be ten thousand that wait.
      if (this.#isDue()) return await inTurn(() => this.#lookLocked(signal, true));
      if (this.#isAdviceOld()) return await askInTurn(() => this.#lookLocked(signal, false));
      return this.#rest();
    } catch (error) {
      if (signal.aborted) return CALM;
      // Not even how it went could be stored.
      this.#keeping.log.write("error", "Certificates cannot be kept", {
        name: this.subject.name,
        ...reasonOf(error),
        error,
      });
      return backoff(++this.#unsaid, undefined, this.#keeping.random());
    }
  }

  async #lookLocked(signal: AbortSignal, mayOrder: boolean): Promise<number> {
    // Its turn may have come late.
    if (this.#isRetired || signal.aborted) return CALM;
    const lock = await this.#keeping.records.lock(this.subject);
    this.#isElsewhere = lock === undefined;
    if (lock === undefined) return EAGER;
    try {
      await this.#work(AbortSignal.any([signal, lock.signal]), mayOrder);
    } finally {
      await lock.release();
    }
    this.#unsaid = 0;
    return this.#rest();
  }

  /** Somebody else may have done it before the lock was ours. */
  async #work(signal: AbortSignal, mayOrder: boolean): Promise<void> {
    await this.load();
    if (this.#certificate !== undefined && this.#isAdviceOld()) await this.#askAdvice(this.#certificate, signal);
    // What has become due by an answer is ordered in a turn of its own, at the next look.
    if (mayOrder && this.#isDue()) await this.#orderIfAllowed(signal);
  }

  async #orderIfAllowed(signal: AbortSignal): Promise<void> {
    const { mayOrder, clock } = this.#keeping;
    const wait = (await mayOrder?.(this.subject, signal)) ?? 0;
    if (wait > 0) this.#heldUntil = clock.now() + wait;
    else await this.#order(signal);
  }

  async #order(signal: AbortSignal): Promise<void> {
    const { issuer, log, random, clock, records, onOrdered } = this.#keeping;
    const { name } = this.subject;
    const failures = this.#state?.failures ?? 0;
    this.#isOrdering = true;
    try {
      await issuer.obtain(this.subject, this.#certificate, failures, signal);
      await this.load();
      this.#checkClock();
      const restUntil = clock.wall() + restAfter(this.#certificate!);
      this.#state = { failures: 0, retryAt: 0, restUntil, fraction: random() };
      await records.putState(this.subject, this.#state);
      onOrdered(this.subject);
      log.write("info", "A certificate is there", { name, expires: isoDate(this.#certificate?.notAfter) });
    } catch (error) {
      if (signal.aborted) return;
      const { retryAfter } = error as Partial<AcmeError>;
      const wait = backoff(failures + 1, retryAfter, random());
      await this.#put({ failures: failures + 1, retryAt: clock.wall() + wait, error: said(error) });
      const level = this.#certificate === undefined ? "error" : "warn";
      log.write(level, "There is no new certificate", {
        name,
        ...reasonOf(error),
        seconds: Math.round(wait / 1000),
        error,
      });
    } finally {
      this.#isOrdering = false;
    }
  }

  /** One that is due as soon as it comes would be ordered again and again. */
  #checkClock(): void {
    const { notBefore, notAfter } = this.#certificate!;
    const wall = this.#keeping.clock.wall();
    if (renewalTime(this.#certificate!, undefined, 1) > wall) return;
    throw new AcmeError(
      "ACME_CLOCK",
      `The new certificate is valid from ${isoDate(notBefore)} to ${isoDate(notAfter)}, and the clock says ${isoDate(wall)}.`,
      { hint: "Set the clock of this machine." },
    );
  }

  async #askAdvice(certificate: KeptCertificate, signal: AbortSignal): Promise<void> {
    const { issuer, clock } = this.#keeping;
    const { window, askAfter } = await issuer.renewalAdvice(certificate, signal);
    const renewal = { serial: certificate.leaf.serialNumber, window, askAt: clock.wall() + askAfter };
    await this.#put({ renewal });
  }

  /** A certificate has been revoked: it is replaced, like one whose time has come, and after a restart too. */
  async revoked(serial: string): Promise<void> {
    await this.load();
    if (serial !== this.#certificate?.leaf.serialNumber || serial === this.#state?.revoked) return;
    this.#revoked = serial;
    await this.#put({ revoked: serial });
  }

  async #put(changes: Partial<KeptState>): Promise<void> {
    this.#state = { ...(this.#state ?? this.#fresh()), ...changes };
    await this.#keeping.records.putState(this.subject, this.#state);
  }

  #fresh(): KeptState {
    return { failures: 0, retryAt: 0, fraction: this.#keeping.random() };
  }

  /** When it is to be renewed; now when there is none, or one that is for other names. */
  #renewAt(): number {
    const certificate = this.#certificate;
    if (certificate === undefined || !isFor(certificate, this.subject)) return 0;
    const { renewal, fraction = 0, restUntil = 0, revoked } = this.#state ?? {};
    const { serialNumber } = certificate.leaf;
    const window = renewal?.serial === serialNumber ? renewal.window : undefined;
    const time = revoked === serialNumber ? 0 : renewalTime(certificate, window, fraction);
    return Math.max(time, this.#unlessFar(restUntil));
  }

  #isDue(): boolean {
    const wall = this.#keeping.clock.wall();
    const isHeld = this.#heldUntil > this.#keeping.clock.now();
    return !isHeld && this.#renewAt() <= wall && this.#waitsUntil() <= wall;
  }

  #waitsUntil(): number {
    return this.#unlessFar(this.#state?.retryAt ?? 0);
  }

  #unlessFar(time: number): number {
    return time > this.#keeping.clock.wall() + FARTHEST ? 0 : time;
  }

  #isAdviceOld(): boolean {
    if (this.#certificate === undefined) return false;
    const { renewal } = this.#state ?? {};
    if (renewal?.serial !== this.#certificate.leaf.serialNumber) return true;
    return this.#unlessFar(renewal.askAt) <= this.#keeping.clock.wall();
  }

  #next(): number {
    return Math.max(this.#renewAt(), this.#waitsUntil());
  }

  #rest(): number {
    const { clock, calm = CALM } = this.#keeping;
    const rest = Math.max(this.#next() - clock.wall(), this.#heldUntil - clock.now());
    return Math.min(Math.max(rest, 1000), calm);
  }

  status(): AcmeStatus {
    const { name, identifiers } = this.subject;
    const certificate = this.#certificate;
    const isExpired = (certificate?.notAfter ?? Infinity) <= this.#keeping.clock.wall();
    const calm = certificate === undefined ? "waiting" : isExpired ? "expired" : "good";
    const next = this.#next();
    return {
      name,
      names: identifiers.map(({ value }) => value),
      state: this.#isOrdering ? "ordering" : calm,
      issuer: certificate && commonNameOf(certificate.leaf.issuer),
      expires: certificate && new Date(certificate.notAfter),
      next: next === 0 ? undefined : new Date(next),
      error: this.#state?.error?.message,
    };
  }
}

/** Milliseconds for which a new one is left alone, whatever its authority advises. */
function restAfter({ notBefore, notAfter }: KeptCertificate): number {
  return Math.min(86_400_000, (notAfter - notBefore) / 20);
}

function isFor({ leaf }: KeptCertificate, { identifiers }: Subject): boolean {
  const names = (leaf.subjectAltName ?? "").split(", ");
  return identifiers.every(({ type, value }) =>
    type === "dns" ? names.includes(`DNS:${value}`) : leaf.checkIP(value) !== undefined,
  );
}

function said(error: unknown): { code: string; message: string } {
  const { code = "UNEXPECTED", message } = error as Partial<AcmeError> & Error;
  return { code, message: message.slice(0, 2000) };
}

/** Whoever runs the server is to learn what is wrong where the log shows no stacks too. */
function reasonOf(error: unknown): { code: string; reason: string; hint: string | undefined } {
  const { code, message: reason } = said(error);
  return { code, reason, hint: (error as Partial<AcmeError>).hint };
}

function commonNameOf(issuer: string): string {
  return /^CN=(.*)$/m.exec(issuer)?.[1] ?? issuer.replaceAll("\n", ", ");
}

function isoDate(time: number | undefined): string {
  return time === undefined ? "" : new Date(time).toISOString();
}
