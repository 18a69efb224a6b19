import { readFileSync } from "node:fs";
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
 *   `KEY_ENCRYPTED`, `KEY_MISMATCH`
 */
export function readCertificate({ cert, key, passphrase }: CertificateFiles, place?: SourcePlace): Certificate {
  const origin = { cert: fileOf(cert), key: fileOf(key), place };
  const init = { cert: readPem(cert, "certificate", place), key: readPem(key, "key", place) };
  return new Certificate({ ...init, passphrase, origin });
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
