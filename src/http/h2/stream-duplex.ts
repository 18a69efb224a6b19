import { Duplex } from "node:stream";
import { isPromise } from "../../base/maybe-promise.ts";
import type { ConnectionStream } from "../../transport/duplex.ts";
import type { Body } from "../body.ts";
import type { Peer } from "../channel.ts";
import type { StreamOutput } from "./stream-output.ts";

type Callback = (error?: Error | null) => void;

/**
 * Lends a stream of HTTP/2 to code that speaks `node:stream`: backpressure both ways, half-closed ends, errors. RFC 8441 §5.
 *
 * Destroying it resets the stream; the others of the connection go on.
 */
export class StreamDuplex extends Duplex implements ConnectionStream {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #body: Body;
  readonly #output: StreamOutput;
  readonly #onDestroyed: (isWhole: boolean) => void;
  #isReading = false;
  /** Who waits for room. */
  #written: Callback | undefined;

  /** @param onDestroyed nobody reads any more; not whole is what is to be reset */
  constructor(body: Body, output: StreamOutput, peer: Peer, onDestroyed: (isWhole: boolean) => void) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#body = body;
    this.#output = output;
    this.#onDestroyed = onDestroyed;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    // A client that resets must not end the process of a server whose upgrade forgot to listen.
    this.on("error", () => {});
    output.onRoom = () => this.#settle(null);
  }

  override _read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#pull();
  }

  async #pull(): Promise<void> {
    let chunk: Uint8Array | undefined;
    do {
      try {
        const next = this.#body.read();
        chunk = isPromise(next) ? await next : next;
      } catch {
        return this.lose();
      }
      // Whoever listens hears of it here: what he throws is not caught, as it is not in HTTP/1.1.
    } while (this.push(chunk ?? null));
    this.#isReading = false;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: Callback): void {
    if (chunk.length === 0) return written();
    this.#output.piece(Buffer.from(chunk));
    if (this.#output.blocked) this.#written = written;
    else written();
  }

  override _final(finished: Callback): void {
    this.#output.finish([]);
    finished();
  }

  override _destroy(error: Error | null, destroyed: Callback): void {
    this.#onDestroyed(error === null && this.readableEnded && this.writableFinished);
    destroyed(error);
    this.#settle(error ?? gone());
  }

  #settle(error: Error | null): void {
    const written = this.#written;
    this.#written = undefined;
    // Not at once: what listeners throw must not stop who sends, nor who ends other streams.
    if (written !== undefined) process.nextTick(written, error);
  }

  /** The stream or its connection is gone. */
  lose(): void {
    if (!this.readableEnded || !this.writableFinished) this.destroy(gone());
  }
}

function gone(): Error {
  return Object.assign(new Error("The stream is gone."), { code: "ECONNRESET" });
}
