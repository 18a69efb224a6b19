import type { Certificate } from "./certificate.ts";
import type { CertificateSet } from "./certificates.ts";
import type { ClientAbilities } from "./client-hello.ts";

const TLS_1_3 = 0x0304;

/** What a kind of key needs of a client. RFC 8446 §4.2.3, RFC 8422 §2. */
interface Needs {
  readonly signatures: readonly number[];
  /** Where they differ in TLS 1.2. */
  readonly signaturesBefore?: readonly number[];
  /** Of those that are spoken here, up to TLS 1.2. */
  readonly suites: readonly number[];
  /** Up to TLS 1.2, where a signature does not say it. RFC 8422 §5.1. */
  readonly group?: number;
}

const ECDSA_SUITES = [0xc02b, 0xc02c, 0xcca9];
/** With SHA-256, SHA-384 and SHA-512, on any curve up to TLS 1.2. */
const ECDSA = [0x0403, 0x0503, 0x0603];
const RSA_PSS = [0x0804, 0x0805, 0x0806];

/** The preferred kind first, as OpenSSL has it. */
const KINDS: readonly (readonly [kind: string, needs: Needs])[] = [
  ["prime256v1", { signatures: [0x0403], signaturesBefore: ECDSA, suites: ECDSA_SUITES, group: 23 }],
  ["secp384r1", { signatures: [0x0503], signaturesBefore: ECDSA, suites: ECDSA_SUITES, group: 24 }],
  ["ed25519", { signatures: [0x0807], suites: ECDSA_SUITES }],
  [
    "rsa",
    { signatures: RSA_PSS, signaturesBefore: [0x0401, 0x0501, 0x0601, ...RSA_PSS], suites: [0xc02f, 0xc030, 0xcca8] },
  ],
];

/**
 * The one of several certificates that a client can be shown, if that is certain; it is then to be the only one that
 * OpenSSL has. Undefined leaves all of them to OpenSSL.
 */
export function suitableCertificate(set: CertificateSet, abilities: ClientAbilities): Certificate | undefined {
  // Of each type of key OpenSSL has one, the last.
  const certificates = [...new Map(set.map((each) => [each.keyType, each])).values()];
  for (const [kind, needs] of KINDS) {
    const certificate = certificates.find(({ keyType, curve = keyType }) => curve === kind);
    if (certificate !== undefined && suits(needs, abilities)) return certificate;
  }
  return undefined;
}

function suits(needs: Needs, { versions, suites, groups, signatures }: ClientAbilities): boolean {
  const has = (list: readonly number[], wanted: readonly number[]): boolean =>
    wanted.some((each) => list.includes(each));
  if (versions.includes(TLS_1_3)) return has(signatures, needs.signatures);
  const { signaturesBefore = needs.signatures, group } = needs;
  return (
    has(suites, needs.suites) && has(signatures, signaturesBefore) && (group === undefined || groups.includes(group))
  );
}
