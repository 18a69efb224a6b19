import { issueCertificate } from "./issue-certificate.ts";

const HOUR = 60 * 60 * 1000;

/** A certificate for this machine with its key, and the authority that has signed it. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Makes a certificate that lives as long as a test: neither it nor the key that signed it is written anywhere. */
export async function testCertificate(): Promise<TestCertificate> {
  const now = Date.now();
  const times = { notBefore: now - HOUR, notAfter: now + 24 * HOUR };
  const issuer = await issueCertificate({ subject: "millrace test", isAuthority: true, ...times });
  const names = ["localhost", "127.0.0.1", "::1"];
  return { ...(await issueCertificate({ subject: "localhost", names, issuer, ...times })), ca: issuer.cert };
}
