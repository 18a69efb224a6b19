import { Duplex } from "node:stream";
import type { Connection, ConnectionHandler } from "./connection.ts";

/** A connection as a stream of Node. */
export interface ConnectionStream extends Duplex {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/**
 * Lends a connection to code that speaks `node:stream`: backpressure both ways, half-closed ends, errors.
 *
 * Becomes the handler of the connection. Destroying the stream destroys the connection; a connection that is gone
 * before both ends were reached destroys the stream with `ECONNRESET`.
 *
 * @param firstOctets octets that came before and are read first
 * @param onClosed called when the connection is gone: the stream may still hold octets that nobody has read
 * @example
 * const stream = duplexOf(connection);
 * stream.pipe(stream);
 */
export function duplexOf(
  connection: Connection,
  firstOctets?: Uint8Array,
  onClosed: () => void = () => {},
): ConnectionStream {
  return new ConnectionDuplex(connection, firstOctets, onClosed);
}

type Callback = (error?: Error | null) => void;

class ConnectionDuplex extends Duplex implements ConnectionHandler, ConnectionStream {
  readonly #connection: Connection;
  readonly #onClosed: () => void;
  #ended = false;
  /** Who waits for `onDrain`. */
  #written: Callback | undefined;

  constructor(connection: Connection, firstOctets: Uint8Array | undefined, onClosed: () => void) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#connection = connection;
    this.#onClosed = onClosed;
    connection.handler = this;
    // A client that resets must not end the process of a server whose upgrade forgot to listen.
    this.on("error", () => {});
    if (firstOctets !== undefined && firstOctets.length > 0) this.onData(firstOctets);
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  get remotePort(): number {
    return this.#connection.remotePort;
  }

  onData(octets: Uint8Array): void {
    if (!this.push(Buffer.from(octets))) this.#connection.pause();
  }

  onEnd(): void {
    this.#ended = true;
    this.push(null);
  }

  onDrain(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  onClose(): void {
    // After both ends only the reader is late: what it has not read yet is still its own.
    if (!this.#ended || !this.writableFinished) this.destroy(gone());
    this.#onClosed();
  }

  override _read(): void {
    this.#connection.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: Callback): void {
    this.#sent(this.#connection.write(chunk), written);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], written: Callback): void {
    this.#connection.cork();
    let more = true;
    for (const { chunk } of chunks) more = this.#connection.write(chunk);
    this.#connection.uncork();
    this.#sent(more, written);
  }

  #sent(more: boolean, written: Callback): void {
    if (more) written();
    else this.#written = written;
  }

  override _final(finished: Callback): void {
    this.#connection.end();
    finished();
  }

  override _destroy(error: Error | null, destroyed: Callback): void {
    // After both ends the connection closes by itself, as soon as what is queued has been sent.
    if (error !== null || !this.#ended || !this.writableFinished) this.#connection.destroy();
    destroyed(error);
    this.#written?.(error ?? gone());
  }
}

function gone(): Error {
  return Object.assign(new Error("The connection is gone."), { code: "ECONNRESET" });
}
