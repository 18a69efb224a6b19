import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { backoff } from "../acme/backoff.ts";
import type { Certificate } from "../certificate.ts";
import type { Certificates } from "../certificates.ts";
import { ocspRequest } from "./ocsp-request.ts";
import { type OcspAnswer, readOcspResponse } from "./ocsp-response.ts";
import { ocspFacts, type OcspTarget } from "./ocsp-target.ts";
import type { OcspTransport } from "./ocsp-transport.ts";

/** What a {@link Stapler} is made of. */
export interface StaplerInit {
  readonly certificates: Certificates;
  readonly transport: OcspTransport;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Milliseconds between two looks at which certificates there are. */
const TICK = 5_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** Responders that are asked at the same time. */
const AT_ONCE = 4;

/** How the status of a certificate is that names a responder. */
export interface StapleStatus {
  /** `good`: it is stapled; `unknown`: nobody has said anything that holds now; `revoked`. */
  readonly state: "good" | "unknown" | "revoked";
  /** Until when what is stapled holds. */
  readonly until: Date | undefined;
  /** Why it could not be asked the last time; undefined when it could. */
  readonly error: string | undefined;
}

/** What is known of the status of a certificate. */
interface Kept {
  readonly target: OcspTarget;
  readonly mustStaple: boolean;
  /** What is stapled, and until when it may be. */
  response: Buffer | undefined;
  validUntil: number;
  /** When it was last planned, and for when: milliseconds since the epoch. */
  plannedAt: number;
  askAt: number;
  failures: number;
  isAsking: boolean;
  isRevoked: boolean;
  /** Of the last try. */
  error: string | undefined;
}

/**
 * Keeps the status of certificates, so that clients are told with the handshake and ask nobody else (OCSP stapling): of
 * those whose chain names a responder, and of no others.
 *
 * All of it happens beside handshakes: they are given what is there. Every process asks for itself, unless another has put
 * a response that is fresh into the storage.
 */
export class Stapler {
  readonly #init: StaplerInit;
  /** Undefined for those of which nothing is to be asked. Gone with the certificate. */
  readonly #kept = new WeakMap<Certificate, Kept | undefined>();
  /** Those that a warning was given of, or of which none is due. */
  readonly #warned = new WeakSet<Certificate>();
  readonly #stopped = new AbortController();
  #silence: (() => void) | undefined;
  #asking = 0;

  constructor(init: StaplerInit) {
    this.#init = init;
  }

  /** Begins to ask, at once and in the background. */
  start(): void {
    this.#silence = this.#init.clock.every(TICK, () => this.#tick());
    this.#tick();
  }

  stop(): void {
    this.#silence?.();
    this.#stopped.abort(new Error("The server stops."));
  }

  /** How many certificates are being asked about. */
  get asking(): number {
    return this.#asking;
  }

  /** What is stapled when a certificate is shown. */
  of(certificate: Certificate): Buffer | undefined {
    const kept = this.#kept.get(certificate);
    if (kept?.response === undefined) return undefined;
    return kept.validUntil > this.#init.clock.wall() ? kept.response : undefined;
  }

  /** How the status of a certificate is; undefined when it names nobody who could be asked. */
  status(certificate: Certificate): StapleStatus | undefined {
    const kept = this.#kept.get(certificate);
    if (kept === undefined) return undefined;
    const isGood = this.of(certificate) !== undefined;
    return {
      state: kept.isRevoked ? "revoked" : isGood ? "good" : "unknown",
      until: isGood ? new Date(kept.validUntil) : undefined,
      error: kept.error,
    };
  }

  #tick(): void {
    const { certificates } = this.#init;
    for (const { certificates: set } of certificates.entries) for (const each of set) this.#look(each);
    for (const each of certificates.onDemand?.() ?? []) this.#look(each);
  }

  #look(certificate: Certificate): void {
    const kept = this.#keptOf(certificate);
    if (kept === undefined || kept.isAsking || this.#asking >= AT_ONCE) return;
    const wall = this.#init.clock.wall();
    // A clock that was set back makes it no later. Of what is over nobody is told anything.
    if ((wall < kept.askAt && wall >= kept.plannedAt) || certificate.notAfter <= wall) return;
    kept.isAsking = true;
    this.#asking++;
    void this.#ask(certificate, kept).finally(() => {
      kept.isAsking = false;
      this.#asking--;
    });
  }

  #keptOf(certificate: Certificate): Kept | undefined {
    if (this.#kept.has(certificate)) return this.#kept.get(certificate);
    const { target, mustStaple, lacksIssuer } = ocspFacts(certificate.chain);
    if (target === undefined && mustStaple) {
      const why = lacksIssuer ? "its chain does not have its issuer" : "it names no responder";
      this.#warn(certificate, `A certificate has to be stapled and cannot be, since ${why}: clients will refuse it`);
    }
    const times = { validUntil: 0, plannedAt: 0, askAt: 0 };
    const first = { response: undefined, failures: 0, isAsking: false, isRevoked: false, error: undefined };
    const kept: Kept | undefined = target && { target, mustStaple, ...times, ...first };
    this.#kept.set(certificate, kept);
    return kept;
  }

  async #ask(certificate: Certificate, kept: Kept): Promise<void> {
    const { clock, transport, certificates, log } = this.#init;
    const { target } = kept;
    try {
      if (await this.#takeStored(certificate, kept)) return;
      const response = await transport(target.url, await ocspRequest(target), this.#stopped.signal);
      const answer = await readOcspResponse(response, target, clock.wall());
      if (answer.status === "revoked") return this.#revoked(certificate, kept, answer);
      if (answer.status !== "good") throw new Error("the responder does not know the certificate");
      this.#take(kept, response, answer);
      await certificates.staples?.put(certificate, response).catch((error: unknown) => {
        log.write("debug", "The status of a certificate cannot be stored", { names: certificate.names, error });
      });
    } catch (error) {
      if (!this.#stopped.signal.aborted) this.#failed(certificate, kept, error as Error);
    }
  }

  /** What is stored, if it is good and not due itself. */
  async #takeStored(certificate: Certificate, kept: Kept): Promise<boolean> {
    const { clock, certificates } = this.#init;
    const stored = await certificates.staples?.get(certificate).catch(() => undefined);
    if (stored === undefined) return false;
    // It may be of the certificate before, or from before the last sleep of the machine.
    const answer = await readOcspResponse(stored, kept.target, clock.wall()).catch(() => undefined);
    if (answer?.status !== "good") return false;
    this.#take(kept, stored, answer);
    return halfOf(answer) > clock.wall();
  }

  #take(kept: Kept, response: Buffer, answer: OcspAnswer): void {
    kept.response = response;
    kept.validUntil = answer.nextUpdate;
    kept.isRevoked = false;
    this.#answered(kept);
    this.#planAfter(kept, answer);
  }

  #answered(kept: Kept): void {
    kept.failures = 0;
    kept.error = undefined;
  }

  /** At half of its life; a little sooner, so that processes do not come together and find what the first has stored. */
  #planAfter(kept: Kept, answer: OcspAnswer): void {
    const { clock, random } = this.#init;
    const wall = clock.wall();
    const early = (answer.nextUpdate - answer.thisUpdate) * 0.1 * random();
    // A responder may give the same for a while.
    const rest = Math.min(HOUR, Math.max(MINUTE, (answer.nextUpdate - wall) / 2));
    this.#plan(kept, Math.max(halfOf(answer) - early - wall, rest));
  }

  #plan(kept: Kept, milliseconds: number): void {
    kept.plannedAt = this.#init.clock.wall();
    kept.askAt = kept.plannedAt + milliseconds;
  }

  #revoked(certificate: Certificate, kept: Kept, answer: OcspAnswer): void {
    kept.response = undefined;
    kept.isRevoked = true;
    this.#answered(kept);
    this.#planAfter(kept, answer);
    const { log, certificates } = this.#init;
    const { names, serial, origin } = certificate;
    const since = answer.revokedAt === undefined ? undefined : new Date(answer.revokedAt);
    log.write("warn", "A certificate has been revoked: clients may refuse it", {
      names,
      serial,
      since,
      cert: origin.cert,
    });
    certificates.staples?.onRevoked(certificate);
  }

  #failed(certificate: Certificate, kept: Kept, error: Error): void {
    const { clock, log, random } = this.#init;
    kept.failures++;
    kept.error = error.message;
    this.#plan(kept, Math.min(backoff(kept.failures, undefined, random()), HOUR));
    const fields = { names: certificate.names, responder: kept.target.url, reason: error.message };
    log.write("debug", "The status of a certificate cannot be had", fields);
    if (kept.mustStaple && kept.validUntil <= clock.wall()) {
      this.#warn(
        certificate,
        "A certificate has to be stapled and its status cannot be had: clients refuse it",
        fields,
      );
    }
  }

  #warn(certificate: Certificate, message: string, fields: object = { names: certificate.names }): void {
    if (this.#warned.has(certificate)) return;
    this.#warned.add(certificate);
    this.#init.log.write("warn", message, { ...fields });
  }
}

function halfOf({ thisUpdate, nextUpdate }: OcspAnswer): number {
  return (thisUpdate + nextUpdate) / 2;
}
