import type { Socket } from "node:net";
import type { AcceptLimits } from "./accept-limits.ts";
import { DEAF } from "./connection.ts";
import type { Connection, ConnectionHandler } from "./connection.ts";
import { readIntoSharedBuffer } from "./user-buffer.ts";

/** Finds the connection of a socket, so that its listeners are shared functions and not closures per connection. */
const CONNECTION: unique symbol = Symbol("connection");

interface Internals {
  [CONNECTION]: TcpConnection;
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
export class TcpConnection implements Connection {
  handler: ConnectionHandler = DEAF;
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #source: TcpSource;

  /** @param socket a connected socket that allows half-open */
  constructor(socket: Socket, source: TcpSource) {
    this.#socket = socket;
    this.#source = source;
    // Asked now, because a socket that is closed cannot tell any more: the log still wants to know.
    this.remoteAddress = plainAddress(socket.remoteAddress);
    (socket as unknown as Internals)[CONNECTION] = this;
    if (!source.userBuffer || !readIntoSharedBuffer(socket, onData)) socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("drain", onDrain);
    socket.on("error", onError);
    socket.on("close", onClose);
  }

  get remotePort(): number {
    return this.#socket.remotePort ?? 0;
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

  write(data: string | Uint8Array): boolean {
    const socket = this.#socket;
    // To write after `end` would destroy the socket and with it what is queued.
    if (!socket.writable) return false;
    return typeof data === "string" ? socket.write(data, "latin1") : socket.write(data);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The socket is closed. */
  leave(): void {
    this.#source.limits?.release(this.remoteAddress);
  }
}

/** The address without the IPv6 dress that an IPv4 one wears on a dual-stack listener. RFC 4291 §2.5.5.2. */
export function plainAddress(address = ""): string {
  return address.startsWith(MAPPED) && address.includes(".") ? address.slice(MAPPED.length) : address;
}

function handlerOf(socket: Socket): ConnectionHandler {
  return (socket as unknown as Internals)[CONNECTION].handler;
}

function onData(this: Socket, octets: Buffer): void {
  // A stream that is destroyed still gives what it had buffered, though never "end" or "drain".
  if (!this.destroyed) handlerOf(this).onData(octets);
}

function onEnd(this: Socket): void {
  handlerOf(this).onEnd();
}

function onDrain(this: Socket): void {
  handlerOf(this).onDrain();
}

/** ECONNRESET, EPIPE and the like: "close" follows, and that is all a user of a connection needs to know. */
function onError(): void {}

function onClose(this: Socket): void {
  const connection = (this as unknown as Internals)[CONNECTION];
  connection.leave();
  connection.handler.onClose();
}
