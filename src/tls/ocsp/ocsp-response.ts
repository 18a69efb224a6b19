import { type KeyObject, verify, X509Certificate } from "node:crypto";
import type * as asn1Types from "asn1js";
import type * as pkiTypes from "pkijs";
import { certIdOf } from "./ocsp-request.ts";
import type { OcspTarget } from "./ocsp-target.ts";

/** What a responder says of a certificate, once it is known to come from who may say so. */
export interface OcspAnswer {
  readonly status: "good" | "revoked" | "unknown";
  /** Milliseconds since the epoch: from when to when it holds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** When it was revoked; undefined when it is not. */
  readonly revokedAt: number | undefined;
}

/** A response that cannot be used. */
export class OcspError extends Error {}

const BASIC = "1.3.6.1.5.5.7.48.1.1";
/** RFC 6960 §4.2.2.2: who may answer in the place of the issuer. */
const OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
/** Milliseconds by which clocks may differ. */
const SKEW = 300_000;
/** Certificates of responders that are looked at: there is one. */
const MOST_SIGNERS = 4;
/** RFC 6960 §4.2.1. */
const STATES = ["successful", "malformedRequest", "internalError", "tryLater", "", "sigRequired", "unauthorized"];

/** Digests of signatures by OID, RFC 5758 §3, RFC 8017 §A.2.4, RFC 8410 §3. SHA-1 signs nothing any more. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.3.101.112": null,
};

/**
 * Reads a response and holds it against RFC 6960 §3.2: it is about this certificate, signed by who issued it or by who may
 * answer for him, and holds now.
 *
 * @param now milliseconds since the epoch
 * @throws {OcspError}
 */
export async function readOcspResponse(octets: Buffer, target: OcspTarget, now: number): Promise<OcspAnswer> {
  const [pki, asn1] = await Promise.all([import("pkijs"), import("asn1js")]);
  const basic = parsed(octets, pki, asn1);
  const single = await singleOf(basic, target);
  if (!isSigned(basic, signersOf(basic, target.issuer, now))) {
    throw new OcspError("it is signed by nobody who may answer for the certificate");
  }
  return answerOf(single, now);
}

function parsed(octets: Buffer, pki: typeof pkiTypes, asn1: typeof asn1Types): pkiTypes.BasicOCSPResponse {
  let response: pkiTypes.OCSPResponse;
  try {
    response = pki.OCSPResponse.fromBER(new Uint8Array(octets));
    const { valueBlock } = response.responseStatus;
    const state = valueBlock.valueDec;
    if (state !== 0) throw new OcspError(`the responder says ${STATES[state] || `status ${state}`}`);
    const { responseBytes: bytes } = response;
    if (bytes?.responseType !== BASIC) throw new Error("it is of an unknown type");
    const inner = bytes.response.valueBlock.valueHexView;
    const basic = pki.BasicOCSPResponse.fromBER(new Uint8Array(inner));
    // What is read leniently here would be passed on to clients, that may refuse the connection for it.
    const isExact = isEncodedAs(response.toSchema(), octets) && isEncodedAs(basic.toSchema(), inner);
    if (!isExact || valueBlock.valueHexView.length !== 1 || !isPlainlySigned(basic, asn1))
      throw new Error("it is not as DER has it");
    return basic;
  } catch (cause) {
    if (cause instanceof OcspError) throw cause;
    throw new OcspError(`it cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function isEncodedAs(schema: asn1Types.Sequence, octets: Uint8Array): boolean {
  return Buffer.from(schema.toBER(false)).equals(octets);
}

/** RFC 5754 §3.2, RFC 5758 §3.2: the algorithms that are taken have NULL for a parameter, or none. */
function isPlainlySigned(
  { signature, signatureAlgorithm: { algorithmParams } }: pkiTypes.BasicOCSPResponse,
  asn1: typeof asn1Types,
): boolean {
  const isPlain =
    algorithmParams === undefined || [asn1.Null, asn1.Any].some((each) => algorithmParams instanceof each);
  return isPlain && signature.valueBlock.unusedBits === 0;
}

async function singleOf(
  { tbsResponseData }: pkiTypes.BasicOCSPResponse,
  target: OcspTarget,
): Promise<pkiTypes.SingleResponse> {
  const wanted = await certIdOf(target);
  const single = tbsResponseData.responses.find(({ certID }) => certID.isEqual(wanted));
  if (single === undefined) throw new OcspError("it is about another certificate");
  // RFC 5280 §4.2: what is critical and not known may change what the rest means.
  const extensions = [...(single.singleExtensions ?? []), ...(tbsResponseData.responseExtensions ?? [])];
  if (extensions.some(({ critical }) => critical)) throw new OcspError("it has an unknown critical extension");
  return single;
}

/** The keys that may sign: the issuer's, and those of responders that it has made for that. RFC 6960 §4.2.2.2. */
function signersOf({ certs = [] }: pkiTypes.BasicOCSPResponse, issuer: X509Certificate, now: number): KeyObject[] {
  if (certs.length > MOST_SIGNERS) throw new OcspError("it carries too many certificates");
  const mayAnswer = (signer: X509Certificate): boolean => {
    const isValid = Date.parse(signer.validFrom) <= now + SKEW && Date.parse(signer.validTo) >= now - SKEW;
    const isMade = (signer.keyUsage ?? []).includes(OCSP_SIGNING) && signer.checkIssued(issuer);
    return isValid && isMade && signer.verify(issuer.publicKey);
  };
  try {
    const delegated = certs.map((each) => new X509Certificate(Buffer.from(each.toSchema(false).toBER(false))));
    return [issuer.publicKey, ...delegated.filter(mayAnswer).map(({ publicKey }) => publicKey)];
  } catch (cause) {
    // Clients would stumble over it too.
    throw new OcspError("it carries a certificate that cannot be read", { cause });
  }
}

function isSigned(basic: pkiTypes.BasicOCSPResponse, keys: readonly KeyObject[]): boolean {
  const { algorithmId } = basic.signatureAlgorithm;
  const digest = Object.hasOwn(DIGESTS, algorithmId) ? DIGESTS[algorithmId] : undefined;
  if (digest === undefined) throw new OcspError(`it is signed by an algorithm that is not taken (${algorithmId})`);
  const signature = basic.signature.valueBlock.valueHexView;
  return keys.some((key) => {
    try {
      return verify(digest, basic.tbsResponseData.tbsView, key, signature);
    } catch {
      // The key is of another kind than the signature.
      return false;
    }
  });
}

function answerOf({ certStatus, thisUpdate, nextUpdate }: pkiTypes.SingleResponse, now: number): OcspAnswer {
  // RFC 6960 §4.2.2.1: without it news is there at any time, and nothing can be kept. RFC 5019 §2.2.4 wants it.
  if (nextUpdate === undefined) throw new OcspError("it does not say until when it holds");
  const answer = { thisUpdate: thisUpdate.getTime(), nextUpdate: nextUpdate.getTime() };
  if (!(answer.thisUpdate <= now + SKEW)) throw new OcspError("it is from the future: see the clock");
  if (!(answer.nextUpdate > now)) throw new OcspError("it is too old");
  const { idBlock, valueBlock } = certStatus as asn1Types.Constructed;
  if (idBlock.tagNumber !== 1)
    return { ...answer, status: idBlock.tagNumber === 0 ? "good" : "unknown", revokedAt: undefined };
  const [time] = valueBlock.value as [asn1Types.GeneralizedTime?];
  return { ...answer, status: "revoked", revokedAt: time?.toDate().getTime() };
}
