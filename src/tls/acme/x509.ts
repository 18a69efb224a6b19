import {
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  webcrypto,
  type X509Certificate,
} from "node:crypto";
import { promisify } from "node:util";
import type * as asn1Types from "asn1js";
import type * as pkiTypes from "pkijs";
import { parseIpv4, parseIpv6 } from "../../fields/ip-address.ts";
import type { Identifier } from "./resources.ts";

const generate = promisify(generateKeyPair);

interface Libraries {
  readonly pki: typeof pkiTypes;
  readonly asn1: typeof asn1Types;
  readonly engine: pkiTypes.ICryptoEngine;
}

/** OIDs: RFC 5280 §4.2.1.6, §4.2.1.1, RFC 2986 §5.4.2 (PKCS #9), RFC 8737 §3, RFC 5280 §4.1.2.4 (X.520). */
const SUBJECT_ALT_NAME = "2.5.29.17";
const AUTHORITY_KEY_ID = "2.5.29.35";
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const ACME_IDENTIFIER = "1.3.6.1.5.5.7.1.31";
const COMMON_NAME = "2.5.4.3";

const DAY = 86_400_000;
const ECDSA = { name: "ECDSA", namedCurve: "P-256" };

let libraries: Promise<Libraries> | undefined;

/** Only who orders certificates pays for loading them (80 ms). */
function load(): Promise<Libraries> {
  libraries ??= Promise.all([import("pkijs"), import("asn1js")]).then(([pki, asn1]) => ({
    pki,
    asn1,
    // Its class lacks what its interface has of post-quantum keys, which are not used here.
    engine: new pki.CryptoEngine({
      name: "node",
      crypto: webcrypto,
    }) as unknown as pkiTypes.ICryptoEngine,
  }));
  return libraries;
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
  const { pki, engine } = await load();
  const request = new pki.CertificationRequest();
  await request.subjectPublicKeyInfo.importKey(publicKeyOf(key), engine);
  const extensions = new pki.Extensions({ extensions: [subjectAltName(pki, await load(), identifiers)] });
  request.attributes = [new pki.Attribute({ type: EXTENSION_REQUEST, values: [extensions.toSchema()] })];
  await request.sign(privateKeyOf(key), "SHA-256", engine);
  return new Uint8Array(request.toSchema().toBER(false));
}

/** A certificate that is its own issuer, in PEM. */
export async function selfSignedCertificate(
  key: KeyObject,
  identifiers: readonly Identifier[],
  { wall, days, acmeDigest }: { readonly wall: number; readonly days: number; readonly acmeDigest?: Uint8Array },
): Promise<string> {
  const found = await load();
  const { pki, asn1, engine } = found;
  const certificate = new pki.Certificate();
  certificate.version = 2;
  // RFC 5280 §4.1.2.2: positive, and 20 octets at most.
  const serial = randomBytes(16);
  serial[0]! &= 0x7f;
  certificate.serialNumber = new asn1.Integer({ valueHex: new Uint8Array(serial).buffer });
  const name = new pki.AttributeTypeAndValue({
    type: COMMON_NAME,
    value: new asn1.Utf8String({ value: identifiers[0]!.value.slice(0, 64) }),
  });
  certificate.issuer.typesAndValues.push(name);
  certificate.subject.typesAndValues.push(name);
  certificate.notBefore.value = new Date(wall - DAY);
  certificate.notAfter.value = new Date(wall + days * DAY);
  certificate.extensions = [subjectAltName(pki, found, identifiers)];
  if (acmeDigest !== undefined) {
    // RFC 8737 §3: critical, and an OCTET STRING within the extension's own.
    const value = new asn1.OctetString({ valueHex: new Uint8Array(acmeDigest).buffer }).toBER(false);
    certificate.extensions.push(new pki.Extension({ extnID: ACME_IDENTIFIER, critical: true, extnValue: value }));
  }
  await certificate.subjectPublicKeyInfo.importKey(publicKeyOf(key), engine);
  await certificate.sign(privateKeyOf(key), "SHA-256", engine);
  const base64 = Buffer.from(certificate.toSchema(true).toBER(false)).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)!.join("\n")}\n-----END CERTIFICATE-----\n`;
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

function subjectAltName(
  pki: typeof pkiTypes,
  { asn1 }: Libraries,
  identifiers: readonly Identifier[],
): pkiTypes.Extension {
  const names = identifiers.map(({ type, value }) =>
    type === "dns"
      ? new pki.GeneralName({ type: 2, value })
      : new pki.GeneralName({ type: 7, value: new asn1.OctetString({ valueHex: addressOctets(value).buffer }) }),
  );
  const extnValue = new pki.GeneralNames({ names }).toSchema().toBER(false);
  return new pki.Extension({ extnID: SUBJECT_ALT_NAME, critical: false, extnValue });
}

/** RFC 5280 §4.2.1.6: four octets, or sixteen. */
function addressOctets(text: string): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(16);
  const view = new DataView(octets.buffer);
  const ipv4 = parseIpv4(text);
  if (ipv4 !== -1) {
    view.setUint32(0, ipv4);
    return octets.slice(0, 4);
  }
  const groups = new Uint16Array(8);
  parseIpv6(text, groups);
  groups.forEach((group, index) => view.setUint16(index * 2, group));
  return octets;
}

function privateKeyOf(key: KeyObject): CryptoKey {
  return key.toCryptoKey(ECDSA, true, ["sign"]);
}

function publicKeyOf(key: KeyObject): CryptoKey {
  return createPublicKey(key).toCryptoKey(ECDSA, true, ["verify"]);
}
