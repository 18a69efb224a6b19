import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { MillraceError, type SourcePlace } from "../base/errors.ts";
import { lowerAscii } from "../base/ascii.ts";

/** Where a certificate and its key come from, for messages. */
export interface CertificateOrigin {
  /** The file of the certificate; undefined when it was given as text. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Where the option stands. */
  readonly place?: SourcePlace | undefined;
}

/** What {@link Certificate} is made of. */
export interface CertificateInit {
  /** PEM: the certificate of the server first, then those that lead to a root. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** What the key is encrypted with. */
  readonly passphrase?: string | undefined;
  readonly origin?: CertificateOrigin | undefined;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** A certificate with its chain and its key: looked over, so that TLS can use it. */
export class Certificate {
  /** PEM, the certificate of the server first. */
  readonly chain: string;
  /** PEM, not encrypted. */
  readonly key: string;
  /** `ec`, `rsa`, `ed25519` … */
  readonly keyType: string;
  /** Of a key of type `ec`: `prime256v1`, `secp384r1` … */
  readonly curve: string | undefined;
  /** DNS names and addresses that it is for, in lower case; `*.x` takes one level below x. RFC 6125 §6.4.3. */
  readonly names: readonly string[];
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly origin: CertificateOrigin;
  readonly #leaf: X509Certificate;

  /** @throws {MillraceError} `CERTIFICATE_INVALID`, `KEY_INVALID`, `KEY_ENCRYPTED`, `KEY_MISMATCH` */
  constructor({ cert, key, passphrase, origin = {} }: CertificateInit) {
    this.origin = origin;
    const blocks = cert.match(BLOCK) ?? [];
    const leaf = parsed(blocks[0], origin);
    const privateKey = parsedKey(key, passphrase, origin);
    if (!leaf.checkPrivateKey(privateKey)) {
      throw new MillraceError(
        "KEY_MISMATCH",
        `${keyName(origin)} does not belong to the${certName(origin).slice(3)}.`,
        {
          hint: "Give the key that the certificate was ordered with. Of several certificates in a file the server's comes first.",
          place: origin.place,
        },
      );
    }
    this.#leaf = leaf;
    this.chain = `${blocks.join("\n")}\n`;
    this.key = privateKey.export({ type: "pkcs8", format: "pem" });
    this.keyType = privateKey.asymmetricKeyType ?? "unknown";
    this.curve = privateKey.asymmetricKeyDetails?.namedCurve;
    this.names = namesOf(leaf.subjectAltName);
    this.issuer = commonName(leaf.issuer);
    this.serial = leaf.serialNumber;
    this.notBefore = Date.parse(leaf.validFrom);
    this.notAfter = Date.parse(leaf.validTo);
  }

  /** Whether it is for a name, in lower case. */
  covers(name: string): boolean {
    return this.#leaf.checkHost(name, { subject: "never" }) !== undefined;
  }
}

function parsed(block: string | undefined, origin: CertificateOrigin): X509Certificate {
  try {
    if (block !== undefined) return new X509Certificate(block);
  } catch (cause) {
    throw invalidCertificate(origin, cause);
  }
  throw invalidCertificate(origin, undefined);
}

function invalidCertificate(origin: CertificateOrigin, cause: unknown): MillraceError {
  return new MillraceError("CERTIFICATE_INVALID", `${certName(origin)} holds no certificate that can be read.`, {
    hint: 'It is to be PEM: text that begins with "-----BEGIN CERTIFICATE-----".',
    place: origin.place,
    cause,
  });
}

function parsedKey(key: string, passphrase: string | undefined, origin: CertificateOrigin): KeyObject {
  try {
    return createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    if (key.includes("ENCRYPTED")) {
      const what = passphrase === undefined ? "is encrypted" : "is encrypted with another passphrase";
      throw new MillraceError("KEY_ENCRYPTED", `${keyName(origin)} ${what}.`, {
        hint: "Give its passphrase: tls: { cert, key, passphrase }.",
        place: origin.place,
        cause,
      });
    }
    throw new MillraceError("KEY_INVALID", `${keyName(origin)} holds no private key that can be read.`, {
      hint: 'It is to be PEM: text that begins with "-----BEGIN PRIVATE KEY-----".',
      place: origin.place,
      cause,
    });
  }
}

function certName({ cert }: CertificateOrigin): string {
  return cert === undefined ? "The certificate" : `The certificate ${cert}`;
}

function keyName({ key }: CertificateOrigin): string {
  return key === undefined ? "The key" : `The key ${key}`;
}

/** Node writes names that could be mistaken for several in quotes: they are for nobody. */
function namesOf(names: string | undefined): string[] {
  return (names ?? "").split(", ").flatMap((each) => {
    const [type, name = ""] = each.split(/:(.*)/);
    const isName = (type === "DNS" || type === "IP Address") && name !== "" && !name.startsWith('"');
    return isName ? [lowerAscii(name)] : [];
  });
}

/** The most telling part of a distinguished name. */
function commonName(name: string): string {
  const parts = new Map(name.split("\n").map((line) => line.split("=", 2) as [string, string]));
  return parts.get("CN") ?? parts.get("O") ?? name.replaceAll("\n", ", ");
}
