import { createPublicKey, generateKeyPair, type KeyObject, type X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import type * as asn1Types from "asn1js";
import type * as pkiTypes from "pkijs";
import { generalName } from "../issue-certificate.ts";
import type { Identifier } from "./resources.ts";

const generate = promisify(generateKeyPair);

interface Libraries {
  readonly pki: typeof pkiTypes;
  readonly asn1: typeof asn1Types;
}

/** OIDs: RFC 5280 §4.2.1.6, §4.2.1.1, RFC 2985 §5.4.2. */
const SUBJECT_ALT_NAME = "2.5.29.17";
const AUTHORITY_KEY_ID = "2.5.29.35";
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const ECDSA = { name: "ECDSA", namedCurve: "P-256" };

/** Only who orders certificates pays for loading them (135 ms). */
async function load(): Promise<Libraries> {
  const [pki, asn1] = await Promise.all([import("pkijs"), import("asn1js")]);
  return { pki, asn1 };
}

/** A key for a certificate: P-256, which every client takes and which costs a server the least. */
export async function generateCertificateKey(): Promise<KeyObject> {
  return (await generate("ec", { namedCurve: "P-256" })).privateKey;
}

/** A key in PEM, as it is stored. */
export function pemOf(key: KeyObject): string {
  return key.export({ format: "pem", type: "pkcs8" });
}

/** Asks for a certificate for a key and names, in DER. RFC 2986; RFC 8555 §7.4: the names are those of the order. */
export async function certificateRequest(key: KeyObject, identifiers: readonly Identifier[]): Promise<Uint8Array> {
  const libraries = await load();
  const { pki } = libraries;
  const request = new pki.CertificationRequest();
  await request.subjectPublicKeyInfo.importKey(createPublicKey(key).toCryptoKey(ECDSA, true, ["verify"]));
  const extensions = new pki.Extensions({ extensions: [subjectAltName(libraries, identifiers)] });
  request.attributes = [new pki.Attribute({ type: EXTENSION_REQUEST, values: [extensions.toSchema()] })];
  await request.sign(key.toCryptoKey(ECDSA, true, ["sign"]), "SHA-256");
  return new Uint8Array(request.toSchema().toBER(false));
}

/**
 * The name of a certificate towards its authority; undefined when it has none. RFC 9773 §4.1: the key identifier of the
 * issuer, and the serial number as it is encoded, both in base64url.
 */
export async function certificateId({ raw }: Pick<X509Certificate, "raw">): Promise<string | undefined> {
  const { pki } = await load();
  const certificate = pki.Certificate.fromBER(new Uint8Array(raw).buffer);
  const extension = certificate.extensions?.find(({ extnID }) => extnID === AUTHORITY_KEY_ID);
  const { keyIdentifier } = (extension?.parsedValue ?? {}) as Partial<pkiTypes.AuthorityKeyIdentifier>;
  if (keyIdentifier === undefined) return undefined;
  const parts = [keyIdentifier.valueBlock.valueHexView, certificate.serialNumber.valueBlock.valueHexView];
  return parts.map((part) => Buffer.from(part).toString("base64url")).join(".");
}

function subjectAltName({ pki, asn1 }: Libraries, identifiers: readonly Identifier[]): pkiTypes.Extension {
  const names = identifiers.map(({ value }) => new pki.GeneralName(generalName(value, asn1.OctetString)));
  const extnValue = new pki.GeneralNames({ names }).toSchema().toBER(false);
  return new pki.Extension({ extnID: SUBJECT_ALT_NAME, critical: false, extnValue });
}
