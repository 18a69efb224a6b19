import { type IssuedCertificate, issueCertificate } from "../../src/tls/issue-certificate.ts";

const DAY = 24 * 60 * 60 * 1000;

let made: Promise<IssuedCertificate> | undefined;

/** An authority that lives as long as the process. */
export function testAuthority(): Promise<IssuedCertificate> {
  return (made ??= anotherAuthority());
}

/** An authority that nobody else has signed anything with. */
export function anotherAuthority(): Promise<IssuedCertificate> {
  const now = Date.now();
  const times = { notBefore: now - DAY, notAfter: now + 30 * DAY };
  return issueCertificate({ subject: "millrace test authority", isAuthority: true, ...times });
}

/** How a certificate of a test differs from an ordinary one. */
export interface TestCertificate {
  readonly issuer?: IssuedCertificate;
  readonly usage?: "server" | "client";
  readonly subject?: string;
  /** Days from now on. Default: 10. */
  readonly days?: number;
}

/** A certificate for names, signed by the authority of the process. */
export async function testCertificate(
  names: readonly string[],
  init: TestCertificate = {},
): Promise<IssuedCertificate> {
  const { issuer = await testAuthority(), usage, subject = names[0] ?? "nobody", days = 10 } = init;
  const now = Date.now();
  const [notBefore, notAfter] = [now - 20 * DAY, now + days * DAY];
  return issueCertificate({ subject, names, issuer, usage, notBefore, notAfter });
}
