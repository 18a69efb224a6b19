import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { issueCertificate, type IssuedCertificate } from "../issue-certificate.ts";
import type { ChallengeEntry, ChallengeRecords } from "./challenge-records.ts";

/** RFC 8737 §6.1. */
const ACME_IDENTIFIER = "1.3.6.1.5.5.7.1.31";
const DAY = 86_400_000;

/**
 * Certificates that prove names in a handshake: self-signed, with the digest of the proof in them. RFC 8737 §3.
 *
 * Undefined for a name that nobody has ordered for: the handshake is to be refused then.
 */
export class TlsAlpnResponder {
  readonly #records: ChallengeRecords;
  readonly #clock: Clock;
  /** An authority looks from several places. */
  readonly #made = new Map<string, Promise<IssuedCertificate>>();

  constructor(records: ChallengeRecords, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /** @param name that the client asks for (SNI), in lower case */
  async certificateFor(name: string): Promise<IssuedCertificate | undefined> {
    const entry = await this.#records.ofServerName(name);
    if (entry === undefined) return undefined;
    const { authorization } = entry;
    let made = this.#made.get(authorization);
    if (made === undefined) {
      if (this.#made.size >= 100) this.#made.clear();
      made = this.#make(entry);
      this.#made.set(authorization, made);
    }
    return made;
  }

  /** RFC 8737 §3: for the name alone. RFC 8738 §6: for the address, not for the name that it is asked by. */
  #make({ name, authorization }: ChallengeEntry): Promise<IssuedCertificate> {
    const digest = createHash("sha256").update(authorization).digest();
    // RFC 8737 §3: critical, and an OCTET STRING of 32 octets.
    const der = Buffer.concat([Buffer.from([0x04, digest.length]), digest]);
    const wall = this.#clock.wall();
    return issueCertificate({
      subject: "ACME challenge",
      names: [name],
      notBefore: wall - DAY,
      notAfter: wall + 7 * DAY,
      extensions: [{ oid: ACME_IDENTIFIER, critical: true, der }],
    });
  }
}
