import type { TLSSocket } from "node:tls";

/** What `node:tls` calls itself for the event "OCSPRequest" of its servers. Not documented: it keeps the octets until OpenSSL asks. */
interface Internals {
  readonly _handle?: { readonly setOCSPResponse?: (response: Buffer) => void } | null;
}

/**
 * Has a client that asks for the status of our certificate be given this response. RFC 6066 §8, RFC 8446 §4.4.2.1.
 *
 * Before the handshake: who does not ask is sent nothing of it. A Node in which this is not to be had sends nothing.
 */
export function stapleTo(socket: TLSSocket, response: Buffer): void {
  const { _handle: handle } = socket as unknown as Internals;
  try {
    handle?.setOCSPResponse?.(response);
  } catch {
    // A handshake without a staple is a good one.
  }
}
