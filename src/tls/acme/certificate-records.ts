import { createPrivateKey, X509Certificate } from "node:crypto";
import { isRecord } from "./acme-error.ts";
import type { RenewalWindow, Validity } from "./renewal-time.ts";
import type { CertificateStorage, StorageLock } from "./storage.ts";
import { keyOfSubject, type Subject } from "./subject.ts";

/** A certificate as it is kept: one text, so that the key and what belongs to it are never apart. */
export interface KeptCertificate extends Validity {
  /** The private key, and the chain: PEM, in one. */
  readonly pem: string;
  readonly key: string;
  readonly chain: string;
  readonly leaf: X509Certificate;
}

/** An order that is under way, with the key that its certificate will be for. */
export interface KeptOrder {
  readonly url: string;
  /** The account that ordered. */
  readonly account: string;
  readonly names: readonly string[];
  readonly key: string;
}

/** How it went, and what comes next: shared by all processes, and kept over restarts. */
export interface KeptState {
  /** Tries in a row that failed. */
  readonly failures: number;
  /** Milliseconds since the epoch before which nothing is tried. */
  readonly retryAt: number;
  /** Milliseconds since the epoch before which the new certificate is left alone, whatever its authority advises. */
  readonly restUntil?: number | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  /** When the authority would have the certificate of this serial number renewed, and when to ask again. */
  readonly renewal?: {
    readonly serial: string;
    readonly window: RenewalWindow | undefined;
    readonly askAt: number;
  };
  /** The serial number of the certificate that has been revoked, which is to be replaced. */
  readonly revoked?: string | undefined;
  /** From 0 to 1: where in its window this one renews. */
  readonly fraction: number;
}

/** What the storage holds of the certificates of one authority. */
export class CertificateRecords {
  readonly #storage: CertificateStorage;
  readonly #folder: string;

  /** @param directory the URL of the authority: what another one has given is not used */
  constructor(storage: CertificateStorage, directory: string) {
    this.#storage = storage;
    this.#folder = folderOf(directory);
  }

  /** @param known what is given again when it is still the one that is stored: ten thousand are looked at each minute */
  async certificate(subject: Subject, known?: KeptCertificate): Promise<KeptCertificate | undefined> {
    const pem = await this.#storage.get(this.#key(subject, "certificate.pem"));
    return known !== undefined && pem === known.pem ? known : keptCertificate(pem);
  }

  putCertificate(subject: Subject, pem: string): Promise<void> {
    return this.#storage.put(this.#key(subject, "certificate.pem"), pem);
  }

  async order(subject: Subject): Promise<KeptOrder | undefined> {
    const order = recordOf(await this.#storage.get(this.#key(subject, "order.json")));
    const isWhole = [order?.["url"], order?.["account"], order?.["key"]].every((each) => typeof each === "string");
    return isWhole && Array.isArray(order?.["names"]) ? (order as unknown as KeptOrder) : undefined;
  }

  putOrder(subject: Subject, order: KeptOrder): Promise<void> {
    return this.#storage.put(this.#key(subject, "order.json"), JSON.stringify(order));
  }

  removeOrder(subject: Subject): Promise<void> {
    return this.#storage.remove(this.#key(subject, "order.json"));
  }

  async state(subject: Subject): Promise<KeptState | undefined> {
    const state = recordOf(await this.#storage.get(this.#key(subject, "state.json")));
    const isWhole = [state?.["failures"], state?.["retryAt"], state?.["fraction"]].every(Number.isFinite);
    return isWhole ? (state as unknown as KeptState) : undefined;
  }

  putState(subject: Subject, state: KeptState): Promise<void> {
    return this.#storage.put(this.#key(subject, "state.json"), JSON.stringify(state));
  }

  /** What its responder has said of a certificate (OCSP), in DER. */
  async staple(subject: Subject): Promise<Buffer | undefined> {
    const text = await this.#storage.get(this.#key(subject, "staple.txt"));
    return text === undefined ? undefined : Buffer.from(text, "base64");
  }

  putStaple(subject: Subject, response: Buffer): Promise<void> {
    return this.#storage.put(this.#key(subject, "staple.txt"), response.toString("base64"));
  }

  /** One process orders for a subject at a time. */
  lock(subject: Subject): Promise<StorageLock | undefined> {
    return this.#storage.lock(`${this.#folder}/${keyOfSubject(subject)}`);
  }

  #key(subject: Subject, name: string): string {
    return `${this.#folder}/certificates/${keyOfSubject(subject)}/${name}`;
  }
}

/** The folder of an authority: `acme-v02.api.letsencrypt.org-directory`. */
export function folderOf(directory: string): string {
  const { host, pathname } = new URL(directory);
  return `${host}${pathname}`.replace(/[^A-Za-z0-9.]+/g, "-").replace(/-$/, "");
}

/** Reads a certificate as it is kept; undefined when it is not whole, which is as if there were none. */
export function keptCertificate(pem: string | undefined): KeptCertificate | undefined {
  const at = pem?.indexOf("-----BEGIN CERTIFICATE-----") ?? -1;
  if (pem === undefined || at <= 0) return undefined;
  const chain = pem.slice(at);
  try {
    const leaf = new X509Certificate(chain);
    const key = pem.slice(0, at);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return undefined;
    return {
      pem,
      key,
      chain,
      leaf,
      notBefore: Date.parse(leaf.validFrom),
      notAfter: Date.parse(leaf.validTo),
    };
  } catch {
    return undefined;
  }
}

/** What a storage gives, if it is the JSON of an object: somebody may have edited it. */
export function recordOf(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
