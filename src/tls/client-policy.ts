/** What is asked of clients in the handshake. One object for all that share it: policies are compared by identity. */
export interface ClientPolicy {
  /**
   * `request`: a client without a certificate, or with one that none of `ca` has signed, is let in and has no
   * `request.client`. `require`: it is not.
   */
  readonly mode: "request" | "require";
  /** PEM: who must have signed the certificate. */
  readonly ca: readonly string[];
  /** Whether the host redirects what comes without TLS, and so needs no protection from it. */
  readonly isHttpsOnly: boolean;
}
