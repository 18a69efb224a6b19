import type { CertificateFiles } from "./certificate-files.ts";

/** The certificates of a host, and what its clients show. */
export interface HostTlsOptions {
  /**
   * The certificate in PEM, that of the server first and then those that lead to a root: the path of a file, or the text.
   * A file is watched: when it and its key have been replaced, the next handshake meets the new ones.
   */
  readonly cert?: string | undefined;
  /** Its private key in PEM: the path of a file, or the text. */
  readonly key?: string | undefined;
  /** What the key is encrypted with. */
  readonly passphrase?: string | undefined;
  /** Further certificates, such as one for ECDSA beside one for RSA: what the client can do chooses among them. */
  readonly certificates?: readonly CertificateFiles[] | undefined;
  /**
   * Whether clients are asked for a certificate: `"request"` lets in those without a good one too, `"require"` does not.
   * `request.client` is the one that was shown. Default: `"none"`.
   *
   * A host that requires one is answered over nothing else: over plain HTTP, and on a connection that was made for
   * another name, requests for it are 421.
   */
  readonly clientCertificate?: "none" | "request" | "require" | undefined;
  /** Who must have signed the certificates of clients: PEM as text, or paths of files. Needed where clients are asked. */
  readonly ca?: string | readonly string[] | undefined;
}

/** How a server speaks TLS where it does: `listen: { port: 443, tls: true }`. */
export interface TlsOptions extends HostTlsOptions {
  /**
   * Further certificates. Each is served for the names that stand in it, unless a host of the name has its own.
   * `cert` with `key` is served for all other names.
   */
  readonly certificates?: readonly CertificateFiles[] | undefined;
  /** The oldest version that is spoken. Default: `"TLSv1.2"`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /**
   * Whether responders (OCSP) are asked how certificates are that name one, and what they say is given to clients with the
   * handshake. Without it nobody is asked, and it is not noticed when one has been revoked. Danger: clients refuse
   * certificates that have to be stapled ("Must-Staple"). Default: true.
   */
  readonly stapling?: boolean | undefined;
}
