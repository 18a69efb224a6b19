import { HostMap, type HostPattern, parseHostPattern } from "../fields/host-pattern.ts";
import type { MaybePromise } from "../base/maybe-promise.ts";
import type { Certificate } from "./certificate.ts";

/** Certificates that are served together: of different kinds of key, among which the client's abilities choose. */
export type CertificateSet = readonly Certificate[];

/** A pattern and what it has, for who lists them. */
export interface CertificateEntry {
  readonly pattern: HostPattern;
  readonly certificates: CertificateSet;
}

/** Where the responses of OCSP responders are kept, for certificates that are kept there themselves. */
export interface KeptStaples {
  get(certificate: Certificate): Promise<Buffer | undefined>;
  put(certificate: Certificate, response: Buffer): Promise<void>;
  /** A certificate has been revoked. May be told more than once. */
  onRevoked(certificate: Certificate): void;
}

/**
 * Finds a certificate for a name that has none yet.
 *
 * @param remoteAddress whose handshake it is; empty when it came by a unix socket
 */
export type FindMissing = (name: string, remoteAddress: string) => MaybePromise<CertificateSet | undefined>;

/** There is no certificate for a name now, and there may be one in a moment: whoever asked may come again. */
export class NoCertificateYet extends Error {}

/**
 * The certificates of a server by host pattern, the most specific first, as hosts are found: `example.com`,
 * `*.example.com` (it and everything below), `~.`, `+.` (one level below), `any` (every other name).
 *
 * They may be swapped at any time: the next handshake meets the new ones, and no connection ends.
 */
export class Certificates {
  readonly #map = new HostMap<CertificateSet>();
  readonly #entries = new Map<string, CertificateEntry>();
  /**
   * Asked for names that have no certificate, or that of `any` alone, which is served when none is found. Default: nobody.
   * Bounded by the deadline of the handshake.
   */
  onMissing: FindMissing | undefined;
  /** Asked for what answers a challenge of ACME for a name (TLS-ALPN-01, RFC 8737 §3). Default: nobody. */
  onChallenge: FindMissing | undefined;
  /** @internal Those that `onMissing` has found and that are in use. Default: none. */
  onDemand: (() => Iterable<Certificate>) | undefined;
  /** @internal Default: responses are kept nowhere. */
  staples: KeptStaples | undefined;

  /** What names have that no other pattern takes. */
  get any(): CertificateSet | undefined {
    return this.#map.any;
  }

  /** What the patterns have, in the order that they were first set. */
  get entries(): readonly CertificateEntry[] {
    return [...this.#entries.values()];
  }

  /** Sets or swaps what a pattern has. @throws {MillraceError} `BAD_HOST` */
  set(pattern: string, ...certificates: Certificate[]): void {
    const parsed = parseHostPattern(pattern);
    this.#map.set(parsed, certificates);
    this.#entries.set(keyOf(parsed), { pattern: parsed, certificates });
  }

  /** Removes what a pattern has. @throws {MillraceError} `BAD_HOST` */
  delete(pattern: string): void {
    const parsed = parseHostPattern(pattern);
    this.#map.delete(parsed);
    this.#entries.delete(keyOf(parsed));
  }

  /** What a pattern itself has. @throws {MillraceError} `BAD_HOST` */
  get(pattern: string): CertificateSet | undefined {
    return this.#map.get(parseHostPattern(pattern));
  }

  /**
   * What is served to who asks for a name; undefined when there is none.
   *
   * @param name in lower case, without final dot; empty when the client names none, who gets what `any` has, or else the
   *   first there is: it connected by address, and was not told of another
   */
  find(name: string): CertificateSet | undefined {
    if (name !== "") return this.#map.find(name);
    return this.#map.any ?? this.#entries.values().next().value?.certificates;
  }
}

function keyOf({ kind, name }: HostPattern): string {
  return `${kind} ${name}`;
}
