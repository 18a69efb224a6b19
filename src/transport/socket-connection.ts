import type { Socket } from "node:net";
import { takeContext } from "./async-context.ts";
import { DEAF } from "./connection.ts";
import type { Connection, ConnectionHandler } from "./connection.ts";
import { readIntoSharedBuffer } from "./user-buffer.ts";

/** Finds the connection of a socket, so that its listeners are shared functions and not closures per connection. */
const CONNECTION: unique symbol = Symbol("connection");

interface Internals {
  [CONNECTION]: SocketConnection;
}

/**
 * Octets that are read from one connection before the others get their turn. Node reads up to two MiB at a time: where
 * twenty clients send as fast as they can, everybody waits two to four times as long for a turn.
 */
const SHARE: number = 256 * 1024;

/** What all connections over a socket of Node do alike, whether it is one of TCP, a unix socket or TLS. */
export abstract class SocketConnection implements Connection {
  handler: ConnectionHandler = DEAF;
  abstract readonly remoteAddress: string;
  abstract readonly localPort: number;
  abstract readonly secure: boolean;
  abstract readonly unsent: number;
  readonly #socket: Socket;
  /** Octets of its share that were read. */
  #read = 0;
  #paused = false;
  /** Whether it waits for its next turn. */
  #yielding = false;

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
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#yielding) this.#socket.resume();
  }

  /** @internal Octets have come. */
  receive(octets: Buffer): void {
    this.#read += octets.length;
    this.handler.onData(octets);
    if (this.#read >= SHARE) this.#yield();
  }

  #yield(): void {
    this.#read = 0;
    if (this.#paused || this.#yielding) return;
    this.#yielding = true;
    this.#socket.pause();
    setImmediate(() => {
      this.#yielding = false;
      if (!this.#paused) this.#socket.resume();
    });
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  takeContext(): void {
    takeContext(this.#socket);
  }

  /** The socket is closed. */
  leave(): void {}

  /** Takes away what makes the socket a connection, but for the news that it is closed. */
  protected release(): Socket {
    // A socket that flows with nobody to hear it would lose what is put back into it.
    this.pause();
    const socket = this.#socket;
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("drain", onDrain);
    return socket;
  }
}

function connectionOf(socket: Socket): SocketConnection {
  return (socket as unknown as Internals)[CONNECTION];
}

function onData(this: Socket, octets: Buffer): void {
  // A stream that is destroyed still gives what it had buffered, though never "end" or "drain".
  if (!this.destroyed) connectionOf(this).receive(octets);
}

function onEnd(this: Socket): void {
  connectionOf(this).handler.onEnd();
}

function onDrain(this: Socket): void {
  connectionOf(this).handler.onDrain();
}

/** ECONNRESET, EPIPE and the like: "close" follows, and that is all a user of a connection needs to know. */
function onError(): void {}

function onClose(this: Socket): void {
  const connection = connectionOf(this);
  connection.leave();
  connection.handler.onClose();
}
