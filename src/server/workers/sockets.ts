import { lookup } from "node:dns/promises";
import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { listenError } from "../../transport/listen-error.ts";
import { bindHandle, type ListeningHandle, portOf } from "../../transport/listening-handle.ts";
import type { ListenWhere } from "../../transport/tcp.ts";
import { clearUnixPath } from "../../transport/unix-path.ts";
import type { Dispatch } from "./messages.ts";

/**
 * The sockets that a primary holds for its workers. It never accepts on them itself (but in turn, see `dispatched`), and
 * they outlive every worker: what waits in them when one dies is for the next.
 */
export class Sockets {
  readonly #dispatch: Dispatch;
  readonly #handles = new Map<string, Promise<ListeningHandle>>();
  readonly #ports = new Map<string, Promise<number>>();
  readonly #servers = new Map<string, Promise<Server>>();

  constructor(dispatch: Dispatch) {
    this.#dispatch = dispatch;
  }

  /**
   * The socket of one worker.
   *
   * @param worker its id: whoever replaces it accepts on the same socket
   * @throws {MillraceError} `PORT_IN_USE` and its kin
   */
  handle(key: string, where: ListenWhere, worker: number): Promise<ListeningHandle> {
    // One socket file is one socket; port 0 is one port for all.
    const isShared = "path" in where;
    const own = isShared ? key : `${key} ${worker}`;
    let handle = this.#handles.get(own);
    if (handle === undefined) {
      handle = isShared ? this.#bindPath(where) : this.#bindPort(key, where);
      this.#handles.set(own, handle);
      handle.catch(() => this.#handles.delete(own));
    }
    return handle;
  }

  async #bindPath(where: Extract<ListenWhere, { readonly path: string }>): Promise<ListeningHandle> {
    await clearUnixPath(where.path);
    const handle = bindHandle(where, null, false);
    if (where.mode !== undefined) chmodSync(where.path, where.mode);
    return handle;
  }

  async #bindPort(key: string, where: Exclude<ListenWhere, { path: string }>): Promise<ListeningHandle> {
    const address = where.host === undefined ? null : await addressOf(where);
    let port = this.#ports.get(key);
    if (port === undefined) {
      // The kernel lets two programs of one user share a port without a word: that would be somebody else's.
      port = freePort(where);
      this.#ports.set(key, port);
      port.catch(() => this.#ports.delete(key));
    }
    const handle = bindHandle({ ...where, port: await port }, address, true);
    if (portOf(handle) === 0) throw listenError(new Error("The socket has no port"), where);
    return handle;
  }

  /** Accepts in the primary and gives each connection to `give`. */
  async accept(key: string, where: ListenWhere, give: (socket: Socket) => void): Promise<void> {
    let server = this.#servers.get(key);
    if (server === undefined) {
      server = this.#listen(where, give);
      this.#servers.set(key, server);
      server.catch(() => this.#servers.delete(key));
    }
    await server;
  }

  async #listen(where: ListenWhere, give: (socket: Socket) => void): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, give);
    if ("path" in where) await clearUnixPath(where.path);
    try {
      server.listen("path" in where ? { path: where.path } : { ...where });
      await once(server, "listening");
      if ("path" in where && where.mode !== undefined) chmodSync(where.path, where.mode);
      return server;
    } catch (error) {
      throw listenError(error, where);
    }
  }

  get dispatch(): Dispatch {
    return this.#dispatch;
  }

  /** No more connections: what waits is lost, since there is nobody left to take it. */
  async close(): Promise<void> {
    for (const handle of this.#handles.values()) (await handle.catch(() => undefined))?.close();
    for (const server of this.#servers.values()) (await server.catch(() => undefined))?.close();
    this.#handles.clear();
    this.#servers.clear();
    this.#ports.clear();
  }
}

async function addressOf(where: { readonly host?: string | undefined; readonly port: number }): Promise<string> {
  try {
    return (await lookup(where.host!)).address;
  } catch (error) {
    throw listenError(error, where);
  }
}

/** The port, once it is known that nobody else has it; another one for 0. */
async function freePort(where: { readonly host?: string | undefined; readonly port: number }): Promise<number> {
  const server = createServer();
  try {
    server.listen({ ...where, exclusive: true });
    await once(server, "listening");
    return (server.address() as { port: number }).port;
  } catch (error) {
    throw listenError(error, where);
  } finally {
    server.close();
  }
}
