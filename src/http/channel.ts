import type { ClientCertificate } from "../tls/client-certificate.ts";
import type { Headers } from "./headers.ts";
import type { Request } from "./request.ts";

/** The version of HTTP that an exchange is spoken in. */
export type Protocol = "http/1.0" | "http/1.1" | "h2" | "h3";

/** Who is at the other end of a connection and how. One object per connection, shared by its requests. */
export interface Peer {
  /** The client's address; the empty string on a unix socket. */
  readonly remoteAddress: string;
  /** The client's port, or 0. */
  readonly remotePort: number;
  /** Whether the connection is encrypted. */
  readonly secure: boolean;
  /** The certificate that the client has shown, when it was asked for one. */
  readonly client?: ClientCertificate | undefined;
}

/** What a request knows of the session that it came by. */
export interface Channel {
  readonly peer: Peer;
  readonly protocol: Protocol;
  /** Octets that `text()`, `json()` and their kin take at most. */
  readonly bufferedLimit: number;
  /** Sends an interim (1xx) response if `request` is still unanswered and its client understands it. */
  inform(request: Request, status: number, headers: Headers): void;
}

/** The channel of a request that no session made, such as one of a test. */
export const NO_CHANNEL: Channel = {
  peer: { remoteAddress: "", remotePort: 0, secure: false },
  protocol: "http/1.1",
  bufferedLimit: 1024 * 1024,
  inform() {},
};
