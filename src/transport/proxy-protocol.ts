import { CidrList } from "../fields/cidr-list.ts";
import { DEAF } from "./connection.ts";
import type { Connection, ConnectionHandler } from "./connection.ts";
import { parseProxyHeader } from "./proxy-header.ts";
import type { ProxySource } from "./proxy-header.ts";
import type { Phase, Watchdog, Watched } from "./watchdog.ts";

/** Who may announce other addresses, and how long that may take. */
export interface ProxyProtocolOptions {
  /**
   * The proxies, as CIDR blocks. They must begin each connection with a header; anybody else's connection is left as it
   * is, header or not. Whoever can open a unix socket is trusted: its mode says who that is.
   *
   * Never list addresses that clients can have: they could then claim to be anybody.
   */
  readonly trusted: readonly string[];
  readonly watchdog: Watchdog;
  /** Milliseconds for the whole header. Default: 1,000. */
  readonly timeout?: number | undefined;
}

/**
 * Puts the PROXY protocol (version 1 and 2) before `onConnection`: it is given connections that show the address of the
 * client and not of the proxy in between. A header that is malformed, late or missing ends the connection.
 *
 * @throws {TypeError} when a block of `trusted` is malformed
 * @example
 * await listen({ port: 80 }, acceptProxyProtocol({ trusted: ["10.0.0.0/8"], watchdog }, onConnection));
 */
export function acceptProxyProtocol(
  options: ProxyProtocolOptions,
  onConnection: (connection: Connection) => void,
): (connection: Connection) => void {
  const trusted = new CidrList(options.trusted);
  const { watchdog, timeout = 1000 } = options;
  return (connection) => {
    const { remoteAddress: address } = connection;
    if (address !== "" && !trusted.has(address)) onConnection(connection);
    else connection.handler = new ProxiedConnection(connection, onConnection, watchdog, timeout);
  };
}

/** Reads the header; from then on a connection that shows what the proxy announced. */
class ProxiedConnection implements Connection, ConnectionHandler, Watched {
  remoteAddress: string;
  remotePort: number;
  handler: ConnectionHandler = DEAF;
  readonly phase: Phase = "head";
  deadline: number;
  readonly #connection: Connection;
  readonly #onConnection: (connection: Connection) => void;
  readonly #watchdog: Watchdog;
  #announced = false;
  #paused = false;
  #gone = false;
  /** A part of the header; later what came together with it, while the user is not ready. */
  #held: Buffer | undefined;

  constructor(
    connection: Connection,
    onConnection: (connection: Connection) => void,
    watchdog: Watchdog,
    timeout: number,
  ) {
    this.remoteAddress = connection.remoteAddress;
    this.remotePort = connection.remotePort;
    this.#connection = connection;
    this.#onConnection = onConnection;
    this.#watchdog = watchdog;
    watchdog.watch(this);
    this.deadline = watchdog.now + timeout;
  }

  onData(octets: Buffer): void {
    if (this.#announced) return this.handler.onData(octets);
    const all = this.#held === undefined ? octets : Buffer.concat([this.#held, octets]);
    const header = parseProxyHeader(all);
    if (header === "malformed") this.destroy();
    // A copy each time, but of no more than the longest header: the parser refuses what grows beyond.
    else if (header === "incomplete") this.#held = Buffer.from(all);
    else this.#begin(header.source, all.subarray(header.length));
  }

  onEnd(): void {
    if (this.#announced) this.handler.onEnd();
    else this.destroy();
  }

  onDrain(): void {
    this.handler.onDrain();
  }

  onClose(): void {
    this.#gone = true;
    this.#watchdog.unwatch(this);
    this.handler.onClose();
  }

  onDeadline(): void {
    this.destroy();
  }

  #begin(source: ProxySource | undefined, rest: Buffer): void {
    this.#watchdog.unwatch(this);
    this.#held = undefined;
    this.#announced = true;
    if (source !== undefined) {
      this.remoteAddress = source.address;
      this.remotePort = source.port;
    }
    this.#onConnection(this);
    if (rest.length === 0 || this.#gone) return;
    if (this.#paused) this.#held = Buffer.from(rest);
    else this.handler.onData(rest);
  }

  get localPort(): number {
    return this.#connection.localPort;
  }

  get secure(): boolean {
    return this.#connection.secure;
  }

  get unsent(): number {
    return this.#connection.unsent;
  }

  write(data: string | Uint8Array): boolean {
    return this.#connection.write(data);
  }

  cork(): void {
    this.#connection.cork();
  }

  uncork(): void {
    this.#connection.uncork();
  }

  pause(): void {
    this.#paused = true;
    this.#connection.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#held === undefined) this.#connection.resume();
    else setImmediate(() => this.#handOver());
  }

  /** What was held comes first, and not inside the call that resumes. */
  #handOver(): void {
    const held = this.#held;
    if (this.#paused || this.#gone) return;
    this.#held = undefined;
    if (held !== undefined) this.handler.onData(held);
    if (!this.#paused) this.#connection.resume();
  }

  end(): void {
    this.#connection.end();
  }

  destroy(): void {
    this.#gone = true;
    this.#connection.destroy();
  }

  get takeSocket(): Connection["takeSocket"] {
    const connection = this.#connection;
    return connection.takeSocket === undefined ? undefined : () => connection.takeSocket!();
  }
}
