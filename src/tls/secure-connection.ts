import type { TLSSocket } from "node:tls";
import type { Connection } from "../transport/connection.ts";
import { SocketConnection } from "../transport/socket-connection.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import type { ClientPolicy } from "./client-policy.ts";

/** The socket that is spoken over, as Node keeps it. */
interface Internals {
  readonly _parent?: { readonly _handle: { readonly bytesWritten: number; readonly writeQueueSize: number } | null };
}

/** Octets of a record's content, and with what TLS 1.3 adds to it. */
const CLEAR_SHARE = 16_384 / 16_406;

/** What a handshake has agreed on. */
export interface Agreed {
  /** ALPN; empty when the client does not speak it. */
  readonly protocol: string;
  /** The name that the client asked for; empty when it named none. */
  readonly name: string;
  /** What the client was asked for. */
  readonly policy: ClientPolicy | undefined;
  /** The certificate that the client has shown and that is trusted. */
  readonly client: ClientCertificate | undefined;
}

/** A connection over TLS, once the handshake is done. */
export class SecureConnection extends SocketConnection {
  readonly remoteAddress: string;
  readonly #socket: TLSSocket;
  readonly #lower: Connection;
  readonly #agreed: Agreed;
  /** What had been sent when somebody first asked, while it has not all been taken. */
  #since: { readonly clear: number; readonly sealed: number } | undefined;

  /** @param lower what TLS is spoken over, whose handler is whoever did the handshake */
  constructor(socket: TLSSocket, lower: Connection, agreed: Agreed) {
    super(socket, true);
    this.#socket = socket;
    this.#lower = lower;
    this.#agreed = agreed;
    this.remoteAddress = lower.remoteAddress;
    socket.on("_tlsError", onTlsError);
  }

  override get remotePort(): number {
    return this.#lower.remotePort;
  }

  get localPort(): number {
    return this.#lower.localPort;
  }

  get secure(): boolean {
    return true;
  }

  /** The protocol that was agreed on (ALPN); empty when the client does not speak of it. */
  get protocol(): string {
    return this.#agreed.protocol;
  }

  /** The name that the client asked for; empty when it named none. */
  get serverName(): string {
    return this.#agreed.name;
  }

  /** What the client was asked for in the handshake. */
  get policy(): ClientPolicy | undefined {
    return this.#agreed.policy;
  }

  /** The certificate that the client has shown, if it was asked for one that somebody who is trusted has signed. */
  get client(): ClientCertificate | undefined {
    return this.#agreed.client;
  }

  /**
   * What is sealed leaves the queue of Node as a whole, a MiB perhaps. A slow reader is judged by octets, so they are
   * counted below, where the kernel takes them.
   */
  get unsent(): number {
    const queued = this.#socket.writableLength;
    if (queued === 0) {
      this.#since = undefined;
      return 0;
    }
    const { bytesWritten: clear } = this.#socket;
    const sealed = this.#sealedTaken();
    this.#since ??= { clear: clear - queued, sealed };
    const taken = (sealed - this.#since.sealed) * CLEAR_SHARE;
    return Math.min(queued, Math.max(1, Math.round(clear - this.#since.clear - taken)));
  }

  #sealedTaken(): number {
    const { _parent: parent } = this.#socket as unknown as Internals;
    const { _handle: handle } = parent ?? { _handle: null };
    return handle === null ? 0 : handle.bytesWritten - handle.writeQueueSize;
  }
}

/**
 * A record that cannot be opened: nothing that comes behind it can be. Node tells servers of its own of it by "error" and
 * everybody else by this, and leaves the connection open.
 */
function onTlsError(this: TLSSocket): void {
  this.destroy();
}
