import type { Socket } from "node:net";
import type { AcceptLimits } from "./accept-limits.ts";
import { SocketConnection } from "./socket-connection.ts";

interface Internals {
  readonly _handle: { readonly writeQueueSize?: number } | null;
  readonly _writableState?: { readonly writelen?: number };
}

/** What all connections of one listener have in common. */
export interface TcpSource {
  readonly localPort: number;
  /** Whether to read into the buffer that all connections share, where this Node can. */
  readonly userBuffer: boolean;
  /** Who gave the connection its place and gets it back. */
  readonly limits?: AcceptLimits | undefined;
}

const MAPPED = "::ffff:";

/** A TCP connection or a unix socket. */
export class TcpConnection extends SocketConnection {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #source: TcpSource;

  /** @param socket a connected socket that allows half-open */
  constructor(socket: Socket, source: TcpSource) {
    super(socket, source.userBuffer);
    this.#socket = socket;
    this.#source = source;
    // Asked now, because a socket that is closed cannot tell any more: the log still wants to know.
    this.remoteAddress = plainAddress(socket.remoteAddress);
  }

  get localPort(): number {
    return this.#source.localPort;
  }

  get secure(): boolean {
    return false;
  }

  get unsent(): number {
    const { _handle: handle, _writableState: state } = this.#socket as unknown as Internals;
    const queued = this.#socket.writableLength;
    // `writableLength` holds the chunk being written whole until its last octet is taken; `writeQueueSize` shrinks with
    // each octet that the kernel takes. A slow reader is judged by octets.
    if (queued === 0 || state?.writelen === undefined || handle?.writeQueueSize === undefined) return queued;
    return queued - state.writelen + handle.writeQueueSize;
  }

  takeSocket(): Socket {
    return this.release();
  }

  override leave(): void {
    this.#source.limits?.release(this.remoteAddress);
  }
}

/** The address without the IPv6 dress that an IPv4 one wears on a dual-stack listener. RFC 4291 §2.5.5.2. */
export function plainAddress(address = ""): string {
  return address.startsWith(MAPPED) && address.includes(".") ? address.slice(MAPPED.length) : address;
}
