import type { Socket } from "node:net";
import { type Connection, type ConnectionHandler, DEAF } from "../../src/transport/connection.ts";

/** A socket of a client as a connection: what speaks to memory in a test can speak to a real server. */
export class SocketConnection implements Connection {
  handler: ConnectionHandler = DEAF;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (octets: Buffer) => this.handler.onData(octets));
    socket.on("end", () => this.handler.onEnd());
    socket.on("drain", () => this.handler.onDrain());
    socket.on("error", () => {});
    socket.on("close", () => this.handler.onClose());
  }

  readonly remoteAddress: string = "127.0.0.1";
  readonly remotePort: number = 0;
  readonly localPort: number = 0;
  readonly secure: boolean = false;

  get unsent(): number {
    return this.#socket.writableLength;
  }

  write(data: string | Uint8Array): boolean {
    if (!this.#socket.writable) return false;
    return typeof data === "string" ? this.#socket.write(data, "latin1") : this.#socket.write(data);
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
}
