import type { Socket } from "node:net";
import { takeContext } from "./async-context.ts";
import { DEAF } from "./connection.ts";
import type { Connection, ConnectionHandler } from "./connection.ts";
import { fairTurns, type Waiting } from "./fair-turns.ts";
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

/** Octets that are dealt with as they come: whatever they are, it takes less than half a millisecond. */
const SHORT = 1024;

/** Milliseconds below which work is not long, however many octets it is: a client with 32 requests at once has that. */
const LIGHT = 0.1;

/** What all connections over a socket of Node do alike, whether it is one of TCP, a unix socket or TLS. */
export abstract class SocketConnection implements Connection, Waiting {
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
  #waiting = false;
  /** Octets that had been read when it turned out that they have to wait. */
  #held: Buffer[] | undefined;
  /** Whether FIN came behind them. */
  #ended = false;
  /** Milliseconds that the octets took the last time that they were many. */
  #cost = Infinity;
  /** The turn in which it may do it, whoever else waits. */
  #turn = -1;

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
    if (this.#waiting) return;
    if (this.#held === undefined) this.#socket.resume();
    else this.#wait();
  }

  /** @internal Octets have come. */
  receive(octets: Buffer): void {
    if (this.#held !== undefined) this.#held.push(Buffer.from(octets));
    else if (octets.length <= SHORT) this.#take(octets);
    else if (this.#cost < LIGHT || this.#turn === fairTurns.count || fairTurns.mayGoOn()) this.#takeLong(octets);
    else {
      // They are borrowed, and the next read of any connection overwrites them.
      this.#held = [Buffer.from(octets)];
      this.#wait();
    }
  }

  #take(octets: Buffer): void {
    this.#read += octets.length;
    this.handler.onData(octets);
    if (this.#read >= SHARE) this.#wait();
  }

  #takeLong(octets: Buffer): void {
    const begun = performance.now();
    this.#turn = -1;
    this.#take(octets);
    this.#cost = performance.now() - begun;
    if (this.#cost >= LIGHT && !fairTurns.mayGoOn()) this.#wait();
  }

  /** Reads no more until its next turn. */
  #wait(): void {
    this.#read = 0;
    if (this.#paused || this.#waiting) return;
    this.#waiting = true;
    this.#socket.pause();
    fairTurns.wait(this);
  }

  /** @internal */
  takeTurn(): number {
    this.#waiting = false;
    // Whoever resumes it then has it wait anew.
    if (this.#paused) return 0;
    const held = this.#held;
    if (held === undefined) {
      this.#turn = fairTurns.count;
      this.#socket.resume();
      return this.#cost === Infinity ? 0 : this.#cost;
    }
    this.#held = undefined;
    if (this.#socket.destroyed) return 0;
    this.#takeLong(held.length === 1 ? held[0]! : Buffer.concat(held));
    if (this.#ended) this.handler.onEnd();
    this.#wait();
    return 0;
  }

  /** @internal */
  receiveEnd(): void {
    if (this.#held === undefined) this.handler.onEnd();
    else this.#ended = true;
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
    if (this.#held !== undefined) socket.unshift(Buffer.concat(this.#held));
    this.#held = undefined;
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
  connectionOf(this).receiveEnd();
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
