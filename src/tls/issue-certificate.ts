import type { webcrypto } from "node:crypto";
import type * as Asn1 from "asn1js";
import type * as Pkijs from "pkijs";
import { parseIpv4, parseIpv6 } from "../fields/ip-address.ts";

/** What a certificate is to say. */
export interface CertificateRequest {
  /** Common name: for people. */
  readonly subject: string;
  /** DNS names and IP addresses that it is for. */
  readonly names?: readonly string[] | undefined;
  /** Who signs it; itself when undefined. */
  readonly issuer?: Issuer | undefined;
  /** Whether it may sign others. Default: false. */
  readonly isAuthority?: boolean | undefined;
  /** What it is used for. Default: `server`. */
  readonly usage?: "server" | "client" | undefined;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Further extensions, such as acmeIdentifier of RFC 8737. */
  readonly extensions?: readonly { readonly oid: string; readonly critical: boolean; readonly der: Uint8Array }[];
}

/** A certificate that may sign others, and its key. */
export interface Issuer {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** PEM of a certificate alone, without its chain, and of its key. */
export type IssuedCertificate = Issuer;

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Object identifiers of RFC 5280 §4.2. */
const OID = {
  commonName: "2.5.4.3",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  subjectKeyIdentifier: "2.5.29.14",
  authorityKeyIdentifier: "2.5.29.35",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** Bits of KeyUsage, the first in the highest place. RFC 5280 §4.2.1.3. */
const DIGITAL_SIGNATURE = 0x80;
const SIGNS_OTHERS = 0x06;

/**
 * Makes an ECDSA P-256 key and a certificate for it, with what is needed of RFC 5280 and no more.
 *
 * Certificates of the world come from ACME or from files; these are for development, for tests, and for the moments
 * before the first one arrives.
 */
export async function issueCertificate(request: CertificateRequest): Promise<IssuedCertificate> {
  const [pkijs, asn1] = await Promise.all([import("pkijs"), import("asn1js")]);
  const crypto = globalThis.crypto.subtle;
  const keys = await crypto.generateKey(EC, true, ["sign", "verify"]);
  const certificate = new pkijs.Certificate();
  certificate.version = 2;
  certificate.serialNumber = new asn1.Integer({ valueHex: serialNumber() });
  certificate.notBefore.value = new Date(request.notBefore);
  certificate.notAfter.value = new Date(request.notAfter);
  const subject = new pkijs.AttributeTypeAndValue({
    type: OID.commonName,
    value: new asn1.Utf8String({ value: request.subject }),
  });
  certificate.subject.typesAndValues.push(subject);
  const signer = request.issuer === undefined ? undefined : await signerOf(request.issuer, pkijs);
  certificate.issuer = signer?.certificate.subject ?? certificate.subject;
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey);
  certificate.extensions = await extensionsOf(request, certificate, signer?.certificate ?? certificate, pkijs);
  await certificate.sign(signer?.key ?? keys.privateKey, "SHA-256");
  return {
    cert: pem("CERTIFICATE", certificate.toSchema(true).toBER(false)),
    key: pem("PRIVATE KEY", await crypto.exportKey("pkcs8", keys.privateKey)),
  };
}

interface Signer {
  readonly certificate: Pkijs.Certificate;
  readonly key: webcrypto.CryptoKey;
}

async function signerOf({ cert, key }: Issuer, pkijs: typeof Pkijs): Promise<Signer> {
  const certificate = pkijs.Certificate.fromBER(derOf(cert));
  return { certificate, key: await globalThis.crypto.subtle.importKey("pkcs8", derOf(key), EC, false, ["sign"]) };
}

async function extensionsOf(
  request: CertificateRequest,
  certificate: Pkijs.Certificate,
  issuer: Pkijs.Certificate,
  pkijs: typeof Pkijs,
): Promise<Pkijs.Extension[]> {
  const asn1 = await import("asn1js");
  const { names = [], isAuthority = false, usage = "server" } = request;
  const add = (extnID: string, critical: boolean, value: { toBER(): ArrayBuffer }): Pkijs.Extension =>
    new pkijs.Extension({ extnID, critical, extnValue: value.toBER() });
  const id = async (of: Pkijs.Certificate): Promise<ArrayBuffer> => {
    const key = of.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
    return globalThis.crypto.subtle.digest("SHA-1", Uint8Array.from(key));
  };
  const own = new asn1.OctetString({ valueHex: await id(certificate) });
  const basic = new pkijs.BasicConstraints(isAuthority ? { cA: true, pathLenConstraint: 0 } : {});
  const bits = new Uint8Array([isAuthority ? SIGNS_OTHERS : DIGITAL_SIGNATURE]);
  const extensions = [
    add(OID.basicConstraints, true, basic.toSchema()),
    add(OID.keyUsage, true, new asn1.BitString({ valueHex: bits.buffer, unusedBits: isAuthority ? 1 : 7 })),
    add(OID.subjectKeyIdentifier, false, own),
  ];
  if (issuer !== certificate) {
    const keyIdentifier = new asn1.OctetString({ valueHex: await id(issuer) });
    extensions.push(
      add(OID.authorityKeyIdentifier, false, new pkijs.AuthorityKeyIdentifier({ keyIdentifier }).toSchema()),
    );
  }
  if (!isAuthority) {
    const keyPurposes = [usage === "server" ? OID.serverAuth : OID.clientAuth];
    extensions.push(add(OID.extendedKeyUsage, false, new pkijs.ExtKeyUsage({ keyPurposes }).toSchema()));
  }
  if (names.length > 0) {
    const altNames = names.map((name) => new pkijs.GeneralName(generalName(name, asn1.OctetString)));
    extensions.push(add(OID.subjectAltName, false, new pkijs.GeneralNames({ names: altNames }).toSchema()));
  }
  for (const { oid, critical, der } of request.extensions ?? []) {
    extensions.push(new pkijs.Extension({ extnID: oid, critical, extnValue: Uint8Array.from(der).buffer }));
  }
  return extensions;
}

/** RFC 5280 §4.2.1.6: dNSName is 2, iPAddress is 7 and holds 4 or 16 octets. */
export function generalName(name: string, OctetString: typeof Asn1.OctetString): Pkijs.GeneralNameParameters {
  const address = octetsOfAddress(name);
  if (address === undefined) return { type: 2, value: name };
  return { type: 7, value: new OctetString({ valueHex: Uint8Array.from(address).buffer }) };
}

function octetsOfAddress(name: string): Buffer | undefined {
  const ipv4 = parseIpv4(name);
  if (ipv4 !== -1) {
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(ipv4);
    return octets;
  }
  const groups = new Uint16Array(8);
  if (!parseIpv6(name, groups)) return undefined;
  const octets = Buffer.alloc(16);
  groups.forEach((group, index) => octets.writeUInt16BE(group, index * 2));
  return octets;
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets, and nobody's guess. */
function serialNumber(): ArrayBuffer {
  const octets = globalThis.crypto.getRandomValues(new Uint8Array(16));
  octets[0] = (octets[0]! & 0x7f) | 0x40;
  return octets.buffer;
}

/** The octets of the first block of PEM text. */
function derOf(text: string): ArrayBuffer {
  const base64 = /-----BEGIN [^-]+-----([^-]+)-----END/.exec(text)?.[1] ?? "";
  return Uint8Array.from(Buffer.from(base64, "base64")).buffer;
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
