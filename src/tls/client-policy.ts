/** What is asked of clients in the handshake. One object for all that share it: policies are compared by identity. */
export interface ClientPolicy {
  /**
   * `request`: a client without a certificate, or with one that none of `ca` has signed, is let in and has no
   * `request.client`. `require`: it is not.
   */
  readonly mode: "request" | "require";
  /** PEM: who must have signed the certificate. */
  readonly ca: readonly string[];
}

/** Who knows what is asked of clients. */
export interface ClientPolicyFinder {
  /** Undefined where nothing is. @param name that the client asked for; empty when it named none */
  find(name: string): ClientPolicy | undefined;
}
