import { X509Certificate } from "node:crypto";

/** A certificate whose status can be asked. */
export interface OcspTarget {
  /** Where: the URL that stands in the certificate. RFC 5280 §4.2.2.1. */
  readonly url: string;
  readonly leaf: X509Certificate;
  readonly issuer: X509Certificate;
}

/** What a chain says about its status. */
export interface OcspFacts {
  /** Undefined when nobody can be asked, as with most. */
  readonly target: OcspTarget | undefined;
  /** Whether clients refuse the certificate without a staple. */
  readonly mustStaple: boolean;
  /** Whether a responder is named, and who issued the certificate is not in the chain: no answer could be held against it. */
  readonly lacksIssuer: boolean;
}

const BLOCK = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g;
/** Node puts into quotes what could be mistaken for several. */
const RESPONDER = /^OCSP - URI:(https?:\/\/[^\s"]+)$/m;
/** OIDs as they are encoded: the way to ask `1.3.6.1.5.5.7.48.1` and the extension TLS Feature `1.3.6.1.5.5.7.1.24` (RFC 7633 §6). */
const OCSP = Buffer.from("06082b06010505073001", "hex");
const TLS_FEATURE = Buffer.from("06082b06010505070118", "hex");

/** @param chain PEM, the certificate of the server first */
export function ocspFacts(chain: string): OcspFacts {
  const [first, ...others] = [...chain.matchAll(BLOCK)].map(([, base64]) => Buffer.from(base64!, "base64"));
  const mustStaple = first?.includes(TLS_FEATURE) === true;
  // Most name nobody, and there may be ten thousand: what is rare is looked at closely.
  if (first?.includes(OCSP) !== true) return { target: undefined, mustStaple, lacksIssuer: false };
  const leaf = new X509Certificate(first);
  const url = RESPONDER.exec(leaf.infoAccess ?? "")?.[1];
  if (url === undefined || !URL.canParse(url)) return { target: undefined, mustStaple, lacksIssuer: false };
  const issuers = others.map((each) => new X509Certificate(each));
  const issuer = issuers.find((each) => leaf.checkIssued(each) && leaf.verify(each.publicKey));
  const target = issuer === undefined ? undefined : { url, leaf, issuer };
  return { target, mustStaple, lacksIssuer: issuer === undefined };
}
