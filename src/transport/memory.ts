import { DEAF } from "./connection.ts";
import type { Connection, ConnectionHandler } from "./connection.ts";

/** Octets that wait before `write` asks its caller to wait as well; also the most that one `onData` brings. */
const HIGH_WATER = 64 * 1024;

/**
 * Two ends of one connection in one process: what one writes, the other's handler hears on a later turn of the event
 * loop, like octets of a socket. The first end is meant for the server, the second for the client.
 *
 * @param remoteAddress what the server's end takes for the client's address; default: `127.0.0.1`
 * @example
 * const [server, client] = memoryPair();
 */
export function memoryPair(remoteAddress: string = "127.0.0.1"): [server: Connection, client: Connection] {
  const server = new MemoryConnection(remoteAddress);
  const client = new MemoryConnection("127.0.0.1");
  server.join(client);
  client.join(server);
  return [server, client];
}

class MemoryConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number = 0;
  readonly localPort: number = 0;
  readonly secure: boolean = false;
  handler: ConnectionHandler = DEAF;
  #peer: MemoryConnection = this;
  /** What was written and the other end has not heard yet. */
  readonly #queue: Buffer[] = [];
  #unsent = 0;
  #corked = 0;
  #paused = false;
  /** Whether the writer was told to wait. */
  #waiting = false;
  /** This end writes no more; and the other end was told. */
  #ended = false;
  #endHeard = false;
  #destroyed = false;
  #scheduled = false;

  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress;
  }

  join(peer: MemoryConnection): void {
    this.#peer = peer;
  }

  get unsent(): number {
    return this.#unsent;
  }

  write(data: string | Uint8Array): boolean {
    if (this.#ended || this.#destroyed) return false;
    const octets =
      typeof data === "string" ? Buffer.from(data, "latin1") : Buffer.from(data.buffer, data.byteOffset, data.length);
    if (octets.length > 0) this.#queue.push(octets);
    this.#unsent += octets.length;
    this.#waiting ||= this.#unsent >= HIGH_WATER;
    this.#schedule();
    return this.#unsent < HIGH_WATER;
  }

  cork(): void {
    this.#corked++;
  }

  uncork(): void {
    if (this.#corked > 0) this.#corked--;
    this.#schedule();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#peer.#schedule();
  }

  end(): void {
    this.#ended = true;
    this.#corked = 0;
    this.#schedule();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#queue.length = 0;
    this.#unsent = 0;
    setImmediate(() => {
      this.handler.onClose();
      // The other end hears of it later, and only what it had not heard yet is lost, as after a reset.
      this.#peer.destroy();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#destroyed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  /** One call of a handler, like one event of a socket; then the next on a later turn. */
  #deliver(): void {
    const peer = this.#peer;
    if (this.#destroyed || peer.#destroyed || this.#corked > 0) return;
    if (this.#queue.length > 0) {
      if (peer.#paused) return;
      const octets = this.#take();
      this.#schedule();
      peer.handler.onData(octets);
    } else if (this.#waiting) {
      this.#waiting = false;
      this.#schedule();
      this.handler.onDrain();
    } else if (this.#ended && !this.#endHeard) {
      this.#endHeard = true;
      if (peer.#endHeard) this.destroy();
      peer.handler.onEnd();
    }
  }

  /** The next octets, at most as many as one read brings: small pieces joined, a large one in parts. */
  #take(): Buffer {
    const queue = this.#queue;
    const pieces: Buffer[] = [];
    let room = HIGH_WATER;
    for (let piece = queue[0]; piece !== undefined && room > 0; piece = queue[0]) {
      pieces.push(piece.subarray(0, room));
      if (piece.length > room) queue[0] = piece.subarray(room);
      else queue.shift();
      room -= Math.min(room, piece.length);
    }
    this.#unsent -= HIGH_WATER - room;
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  }
}
