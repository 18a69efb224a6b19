import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** The certificate of a client, which one of the authorities that the server trusts has signed. */
export interface ClientCertificate {
  /** Whom it is for: the parts of the distinguished name, such as `{ CN: "ada", O: "Example" }`; several of a kind as a list. */
  readonly subject: DistinguishedName;
  /** Who has signed it. */
  readonly issuer: DistinguishedName;
  /** SHA-256 of the certificate: pairs of hexadecimal digits with colons between them. */
  readonly fingerprint256: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** Alternative names as OpenSSL writes them, such as `email:ada@example.com, URI:spiffe://example.com/ada`. */
  readonly subjectAltName: string | undefined;
  /** The certificate itself, in PEM. */
  readonly pem: string;
}

/** Parts of a distinguished name by their short names. */
export type DistinguishedName = Readonly<Record<string, string | readonly string[]>>;

interface Handle {
  verifyError?(): Error | null;
}

/** Undefined when the client has shown none, or one that is not trusted. */
export function clientCertificateOf(socket: TLSSocket): ClientCertificate | undefined {
  if (!isTrusted(socket)) return undefined;
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : new Facts(certificate);
}

/** Whether the chain of the client's certificate ends at who is trusted. Node itself says it to servers of its own only. */
function isTrusted(socket: TLSSocket): boolean {
  const { _handle: handle } = socket as unknown as { readonly _handle: Handle | null };
  // A Node that does not tell is taken for one that says no.
  return typeof handle?.verifyError === "function" && handle.verifyError() === null;
}

/** Made out when somebody looks. */
class Facts implements ClientCertificate {
  readonly #certificate: X509Certificate;

  constructor(certificate: X509Certificate) {
    this.#certificate = certificate;
  }

  get subject(): DistinguishedName {
    return nameOf(this.#certificate.subject);
  }

  get issuer(): DistinguishedName {
    return nameOf(this.#certificate.issuer);
  }

  get fingerprint256(): string {
    return this.#certificate.fingerprint256;
  }

  get serialNumber(): string {
    return this.#certificate.serialNumber;
  }

  get validFrom(): Date {
    return new Date(this.#certificate.validFrom);
  }

  get validTo(): Date {
    return new Date(this.#certificate.validTo);
  }

  get subjectAltName(): string | undefined {
    return this.#certificate.subjectAltName;
  }

  get pem(): string {
    return this.#certificate.toString();
  }
}

/** OpenSSL escapes line ends in values, so each line is one part. */
function nameOf(text: string | undefined): DistinguishedName {
  const parts: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const line of (text ?? "").split("\n")) {
    const equals = line.indexOf("=");
    if (equals === -1) continue;
    const name = line.slice(0, equals);
    const value = line.slice(equals + 1);
    const known = parts[name];
    parts[name] = known === undefined ? value : [...[known].flat(), value];
  }
  return parts;
}
