import { type Connection, type ConnectionHandler, DEAF } from "../../src/transport/connection.ts";

/** A connection with nobody at the other end: takes everything at once and remembers it. For runs by the thousand. */
export class FakeConnection implements Connection {
  readonly remoteAddress: string = "192.0.2.1";
  readonly remotePort: number = 50_000;
  readonly localPort: number = 80;
  readonly secure: boolean = false;
  readonly unsent: number = 0;
  handler: ConnectionHandler = DEAF;
  /** Everything written, latin1. */
  written = "";
  ended = false;
  destroyed = false;
  /** Octets that came while the connection was paused. */
  #waiting: Buffer[] = [];
  #paused = false;

  /** The other end sends octets. They are borrowed: what the handler kept of them is destroyed when it returns. */
  receive(octets: Buffer): void {
    if (this.#paused) this.#waiting.push(octets);
    else {
      const lent = Buffer.from(octets);
      this.handler.onData(lent);
      lent.fill(0x21);
    }
  }

  write(data: string | Uint8Array): boolean {
    if (this.ended || this.destroyed) return false;
    this.written += typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    return true;
  }

  cork(): void {}

  uncork(): void {}

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const octets = Buffer.concat(waiting);
    queueMicrotask(() => this.receive(octets));
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
  }
}
