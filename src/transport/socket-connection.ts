import type { Socket } from "node:net";
import { DEAF } from "./connection.ts";
import type { Connection, ConnectionHandler } from "./connection.ts";
import { readIntoSharedBuffer } from "./user-buffer.ts";

/** Finds the connection of a socket, so that its listeners are shared functions and not closures per connection. */
const CONNECTION: unique symbol = Symbol("connection");

interface Internals {
  [CONNECTION]: SocketConnection;
}

/** What all connections over a socket of Node do alike, whether it is one of TCP, a unix socket or TLS. */
export abstract class SocketConnection implements Connection {
  handler: ConnectionHandler = DEAF;
  abstract readonly remoteAddress: string;
  abstract readonly localPort: number;
  abstract readonly secure: boolean;
  abstract readonly unsent: number;
  readonly #socket: Socket;

  /**
   * @param socket one that allows half-open
   * @param userBuffer whether to read into the buffer that all connections share, where this Node can
   */
  constructor(socket: Socket, userBuffer: boolean) {
    this.#socket = socket;
    (socket as unknown as Internals)[CONNECTION] = this;
    if (!userBuffer || !readIntoSharedBuffer(socket, onData)) socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("drain", onDrain);
    socket.on("error", onError);
    socket.on("close", onClose);
  }

  get remotePort(): number {
    return this.#socket.remotePort ?? 0;
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
  leave(): void {}
}

/** Takes away what made a socket a connection, but for the news that it is closed. */
export function release(socket: Socket): void {
  // A socket that flows with nobody to hear it would lose what is put back into it.
  socket.pause();
  socket.off("data", onData);
  socket.off("end", onEnd);
  socket.off("drain", onDrain);
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
