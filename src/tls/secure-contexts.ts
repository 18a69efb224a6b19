import { constants } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { type MaybePromise, then } from "../base/maybe-promise.ts";
import type { Certificate } from "./certificate.ts";
import type { Certificates, CertificateSet } from "./certificates.ts";
import type { ClientAbilities, ClientHello } from "./client-hello.ts";
import type { ClientPolicy, ClientPolicyFinder } from "./client-policy.ts";
import { suitableCertificate } from "./suitable-certificate.ts";
import { type TicketKey, ticketKeyOf, type TicketSecrets } from "./ticket-keys.ts";

/** The ALPN name of an ACME challenge. RFC 8737 §6.2. */
export const ACME_PROTOCOL = "acme-tls/1";

/** What {@link SecureContexts} are made from. */
export interface SecureContextsInit {
  readonly certificates: Certificates;
  readonly policies: ClientPolicyFinder;
  readonly secrets: TicketSecrets;
  /** What is stapled when a certificate is shown, if anything is. Default: nothing is. */
  readonly stapleOf?: ((certificate: Certificate) => Buffer | undefined) | undefined;
  /** Default: `TLSv1.2`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
}

/** What a handshake is done with. */
export interface Chosen {
  readonly context: SecureContext;
  readonly policy: ClientPolicy | undefined;
  /** The status of the certificate, for clients that ask. */
  readonly staple: Buffer | undefined;
  /** Whether it only answers an ACME challenge. */
  readonly isChallenge: boolean;
}

/**
 * Mozilla's "intermediate" list (5.7): forward secrecy and authenticated encryption only. Without DHE, which costs the
 * server most and which every client that speaks TLS 1.2 has something better than.
 */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** The hybrid with ML-KEM first: what is recorded today is not to be read by the machines of tomorrow. */
const CURVES = "X25519MLKEM768:X25519:prime256v1:secp384r1";

/** PRIORITIZE_CHACHA: who names it first has no AES in hardware, such as a telephone. */
const OPTIONS =
  constants.SSL_OP_NO_RENEGOTIATION |
  constants.SSL_OP_NO_COMPRESSION |
  constants.SSL_OP_PRIORITIZE_CHACHA |
  constants.SSL_OP_CIPHER_SERVER_PREFERENCE;

/** Seconds that a session may be resumed after: as long as the key of its ticket is kept at least. */
const SESSION_TIMEOUT = 12 * 60 * 60;

/** What a client is shown, of what there is for its name. */
interface Served {
  readonly set: CertificateSet;
  readonly shown: CertificateSet;
  readonly policy: ClientPolicy | undefined;
}

/** In the place of a policy where nobody is asked. */
const NOBODY = {};

/** The two contexts of a set of certificates: which one seals new tickets, and which one opens those of the key before. */
interface Pair {
  readonly secrets: { readonly current: Buffer; readonly previous: Buffer | undefined };
  readonly current: SecureContext;
  readonly previousKey: TicketKey | undefined;
  previous: SecureContext | undefined;
}

/**
 * Chooses what each handshake is done with, before it begins: OpenSSL opens tickets with the keys of the context that a
 * connection starts with, whichever is chosen later by name.
 */
export class SecureContexts {
  readonly #init: SecureContextsInit;
  /** Gone with the certificates and the policies that they were made of. */
  readonly #pairs = new WeakMap<CertificateSet, WeakMap<ClientPolicy | typeof NOBODY, Pair>>();
  /** Certificates of sets, each as a set of its own. */
  readonly #alone = new WeakMap<CertificateSet, Map<Certificate, CertificateSet>>();

  constructor(init: SecureContextsInit) {
    this.#init = init;
  }

  /**
   * Undefined when there is no certificate for the name; a promise where somebody may find one.
   *
   * @throws {NoCertificateYet}
   */
  choose(hello: ClientHello, remoteAddress: string): MaybePromise<Chosen | undefined> {
    const { certificates } = this.#init;
    const { name, protocols } = hello;
    if (protocols.length === 1 && protocols[0] === ACME_PROTOCOL) {
      const challenge = certificates.onChallenge?.(name, remoteAddress);
      return challenge && then(challenge, (found) => this.#answering(found));
    }
    const set = certificates.find(name);
    const chosen = (found: CertificateSet | undefined): Chosen | undefined => found && this.#chosen(found, hello);
    // What takes every other name is nobody's own.
    const isOwn = set !== undefined && set !== certificates.any;
    if (isOwn || certificates.onMissing === undefined || name === "") return chosen(set);
    return then(certificates.onMissing(name, remoteAddress), (found) => chosen(found ?? set));
  }

  #answering(challenge: CertificateSet | undefined): Chosen | undefined {
    if (challenge === undefined) return undefined;
    const context = this.#make(challenge, undefined, undefined);
    return { context, policy: undefined, staple: undefined, isChallenge: true };
  }

  #chosen(set: CertificateSet, { name, ticket, abilities }: ClientHello): Chosen {
    const policy = this.#init.policies.find(name);
    const shown = this.#shown(set, abilities);
    const staple = shown.length === 1 ? this.#init.stapleOf?.(shown[0]!) : undefined;
    return { context: this.#contextOf({ set, shown, policy }, ticket), policy, staple, isChallenge: false };
  }

  /**
   * Of several certificates the one that can be stapled, if the client can do with it. Node takes a staple before OpenSSL
   * has chosen among several, and one of another certificate would be worse than none.
   */
  #shown(set: CertificateSet, abilities: ClientAbilities | undefined): CertificateSet {
    if (set.length === 1 || abilities === undefined) return set;
    const certificate = suitableCertificate(set, abilities);
    if (certificate === undefined || this.#init.stapleOf?.(certificate) === undefined) return set;
    let alone = this.#alone.get(set);
    if (alone === undefined) this.#alone.set(set, (alone = new Map()));
    const known = alone.get(certificate);
    if (known !== undefined) return known;
    const made = [certificate];
    alone.set(certificate, made);
    return made;
  }

  #contextOf(served: Served, ticket: string): SecureContext {
    const pair = this.#pairOf(served);
    const { previousKey } = pair;
    if (previousKey === undefined || ticket !== previousKey.name) return pair.current;
    return (pair.previous ??= this.#make(served.shown, served.policy, previousKey.octets));
  }

  #pairOf({ set, shown, policy }: Served): Pair {
    const { current, previous } = this.#init.secrets;
    let pairs = this.#pairs.get(shown);
    if (pairs === undefined) this.#pairs.set(shown, (pairs = new WeakMap()));
    const known = pairs.get(policy ?? NOBODY);
    if (known?.secrets.current === current && known.secrets.previous === previous) return known;
    // A session goes on whichever of them is shown.
    const host = labelOf(set);
    const made: Pair = {
      secrets: { current, previous },
      current: this.#make(shown, policy, ticketKeyOf(current, host).octets),
      previousKey: previous === undefined ? undefined : ticketKeyOf(previous, host),
      previous: undefined,
    };
    pairs.set(policy ?? NOBODY, made);
    return made;
  }

  #make(set: CertificateSet, policy: ClientPolicy | undefined, ticketKeys: Buffer | undefined): SecureContext {
    const { minVersion = "TLSv1.2" } = this.#init;
    // What was sealed at one time would be taken at another without a look at the client's certificate.
    const isResumable = policy === undefined && ticketKeys !== undefined;
    return createSecureContext({
      cert: set.map(({ chain }) => chain),
      key: set.map(({ key }) => key),
      // Without a list Node reads its 150 roots, which judge nobody here: 40 ms for the first context.
      ca: [...(policy?.ca ?? [])],
      ciphers: CIPHERS,
      ecdhCurve: CURVES,
      minVersion,
      secureOptions: isResumable ? OPTIONS : OPTIONS | constants.SSL_OP_NO_TICKET,
      sessionIdContext: "millrace",
      sessionTimeout: SESSION_TIMEOUT,
      ...(isResumable ? { ticketKeys } : {}),
    });
  }
}

/** What a session belongs to: the names that the certificates are for, which outlive each of them. */
function labelOf(set: CertificateSet): string {
  return [...new Set(set.flatMap(({ names }) => names))].sort().join(" ");
}
