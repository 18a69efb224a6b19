import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { MillraceError, type SourcePlace } from "../base/errors.ts";
import { Certificate } from "./certificate.ts";

/** A certificate and its key: paths of files, or PEM text. */
export interface CertificateFiles {
  /** The chain in PEM, the certificate of the server first. */
  readonly cert: string;
  /** The private key in PEM. */
  readonly key: string;
  /** What the key is encrypted with. */
  readonly passphrase?: string | undefined;
}

/**
 * Reads a certificate and its key.
 *
 * @throws {MillraceError} `CERTIFICATE_MISSING` when a file cannot be read; `CERTIFICATE_INVALID`, `KEY_INVALID`,
 *   `KEY_ENCRYPTED`, `KEY_MISMATCH`; `CERTIFICATE_WEAK` when TLS does not take it
 */
export function readCertificate({ cert, key, passphrase }: CertificateFiles, place?: SourcePlace): Certificate {
  const origin = { cert: fileOf(cert), key: fileOf(key), place };
  const init = { cert: readPem(cert, "certificate", place), key: readPem(key, "key", place) };
  const certificate = new Certificate({ ...init, passphrase, origin });
  checkUse(certificate, cert);
  return certificate;
}

/** Or else every handshake would fail, each without a word. */
function checkUse({ chain, key, origin }: Certificate, cert: string): void {
  try {
    createSecureContext({ cert: chain, key, ca: [] });
  } catch (cause) {
    const { reason, message } = cause as Error & { readonly reason?: string };
    const name = fileOf(cert) === undefined ? "The certificate" : `The certificate ${cert}`;
    throw new MillraceError("CERTIFICATE_WEAK", `${name} cannot be used for TLS: ${reason ?? message}.`, {
      hint: "Take a key of RSA with 2,048 bits at least, or of ECDSA P-256, and a chain that is signed by SHA-256.",
      place: origin.place,
      cause,
    });
  }
}

/**
 * The PEM text that an option holds or names.
 *
 * @throws {MillraceError} `CERTIFICATE_MISSING`
 */
export function readPem(pathOrText: string, what: string, place?: SourcePlace): string {
  if (fileOf(pathOrText) === undefined) return pathOrText;
  try {
    return readFileSync(pathOrText, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new MillraceError("CERTIFICATE_MISSING", `The ${what} ${pathOrText} ${why}.`, {
      hint: "Give the path of a PEM file, seen from where millrace was started, that this user may read.",
      place,
      cause,
    });
  }
}

/** The path, or undefined where the text itself was given. */
export function fileOf(pathOrText: string): string | undefined {
  return pathOrText.includes("-----BEGIN ") ? undefined : pathOrText;
}
