import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { ChallengeRecords } from "./challenge-records.ts";
import { generateCertificateKey, pemOf, selfSignedCertificate } from "./x509.ts";

/** The protocol that an authority asks for in its handshake. RFC 8737 §6.2. */
export const ACME_TLS: string = "acme-tls/1";

/** The certificate of one handshake, PEM. */
export interface ChallengeCertificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * Certificates that prove names in a handshake: self-signed, with the digest of the proof in them. RFC 8737 §3.
 *
 * Undefined for a name that nobody has ordered for: the handshake is to be refused then.
 */
export class TlsAlpnResponder {
  readonly #records: ChallengeRecords;
  readonly #clock: Clock;
  /** An authority looks from several places. */
  readonly #made = new Map<string, Promise<ChallengeCertificate>>();

  constructor(records: ChallengeRecords, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /** @param name that the client asks for (SNI), in lower case */
  async certificateFor(name: string): Promise<ChallengeCertificate | undefined> {
    const authorization = await this.#records.ofName(name);
    if (authorization === undefined) return undefined;
    let made = this.#made.get(authorization);
    if (made === undefined) {
      if (this.#made.size >= 100) this.#made.clear();
      made = this.#make(name, authorization);
      this.#made.set(authorization, made);
    }
    return made;
  }

  async #make(name: string, authorization: string): Promise<ChallengeCertificate> {
    const key = await generateCertificateKey();
    const acmeDigest = createHash("sha256").update(authorization).digest();
    const cert = await selfSignedCertificate(key, [{ type: "dns", value: name }], {
      wall: this.#clock.wall(),
      days: 7,
      acmeDigest,
    });
    return { cert, key: pemOf(key) };
  }
}
