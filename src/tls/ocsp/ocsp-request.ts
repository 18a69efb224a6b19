import type { X509Certificate } from "node:crypto";
import type * as pkiTypes from "pkijs";
import type { OcspTarget } from "./ocsp-target.ts";

/** By what responders find certificates. RFC 5019 §2.1.1: SHA-1, which is no signature here. */
const HASH = "SHA-1";

/** Only who has a certificate with a responder pays for loading it (135 ms). */
function load(): Promise<typeof pkiTypes> {
  return import("pkijs");
}

/** A certificate as pkijs reads it. */
export async function pkiCertificate({ raw }: X509Certificate): Promise<pkiTypes.Certificate> {
  const { Certificate } = await load();
  return Certificate.fromBER(new Uint8Array(raw));
}

/** What a certificate is called towards its responder. RFC 6960 §4.1.1. */
export async function certIdOf({ leaf, issuer }: OcspTarget): Promise<pkiTypes.CertID> {
  const { CertID } = await load();
  const issuerCertificate = await pkiCertificate(issuer);
  return CertID.create(await pkiCertificate(leaf), { hashAlgorithm: HASH, issuerCertificate });
}

/** Asks for the status of a certificate, in DER. RFC 6960 §4.1. Without a nonce: responders answer from a store. */
export async function ocspRequest(target: OcspTarget): Promise<Buffer> {
  const { OCSPRequest } = await load();
  const request = new OCSPRequest();
  const issuerCertificate = await pkiCertificate(target.issuer);
  await request.createForCertificate(await pkiCertificate(target.leaf), { hashAlgorithm: HASH, issuerCertificate });
  return Buffer.from(request.toSchema(true).toBER(false));
}
