import type { Socket } from "node:net";

/**
 * A pipe of octets with somebody at its other end: TCP, a unix socket, two ends in memory, TLS over any of them.
 *
 * Whoever uses it sets `handler`; the connection calls it, never two calls at once.
 */
export interface Connection {
  /** The address at the other end; the empty string on a unix socket. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  /** Whether the pipe is encrypted. */
  readonly secure: boolean;
  /** Octets given to `write` that the system has not taken yet. */
  readonly unsent: number;
  /** Who is called. Set it before the first turn of the event loop ends, or use `pause`. */
  handler: ConnectionHandler;
  /**
   * Sends octets. A string holds one octet per character (latin1): the cheapest way to send a head and a small body.
   * A `Uint8Array` must not change until it is sent.
   *
   * @returns false when the caller should wait for `onDrain` before it sends more
   */
  write(data: string | Uint8Array): boolean;
  /** Holds what is written until `uncork`, to send it as one. */
  cork(): void;
  uncork(): void;
  /** No `onData` until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then FIN. The other end may still send. */
  end(): void;
  /** Ends at once; what is queued is lost. */
  destroy(): void;
  /**
   * Gives its socket to a layer that speaks with it directly, such as TLS. From then on the connection only tells
   * `onClose`. Undefined where there is no socket.
   */
  readonly takeSocket?: (() => Socket) | undefined;
  /**
   * From now on the connection tells what it has to tell in the asynchronous context (`AsyncLocalStorage`) of who calls
   * this. Undefined where it cannot.
   */
  readonly takeContext?: (() => void) | undefined;
}

/** What a connection tells its user. */
export interface ConnectionHandler {
  /** Octets came. They are borrowed: copy what is needed after the call returns. */
  onData(octets: Buffer): void;
  /** The other end will send no more (FIN); it may still read. */
  onEnd(): void;
  /** Everything queued has been taken by the system. */
  onDrain(): void;
  /** The pipe is gone, for whatever reason. The last call. */
  onClose(): void;
}

/** A handler that hears nothing: what a connection has until its user sets one. */
export const DEAF: ConnectionHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/** Somewhere that connections come from. */
export interface Listener {
  /** `http://127.0.0.1:8080` style parts of where it listens. */
  readonly address: ListenAddress;
  /** Stops accepting; connections live on. Resolves when the address is free again. */
  close(): Promise<void>;
}

/** Where a listener listens: an address with a port, or a path of a unix socket; and whether TLS is spoken there. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly secure?: true }
  | { readonly kind: "unix"; readonly path: string; readonly secure?: true };
