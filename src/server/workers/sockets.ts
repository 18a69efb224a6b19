import { lookup } from "node:dns/promises";
import { freePort } from "../../transport/free-port.ts";
import { listenError } from "../../transport/listen-error.ts";
import {
  addressOfHandle,
  bindHandle,
  type ConnectionHandle,
  type ListeningHandle,
  openDescriptor,
  portOf,
} from "../../transport/listening-handle.ts";
import { SocketFile } from "../../transport/socket-file.ts";
import type { ListenWhere } from "../../transport/tcp.ts";
import { giveSocketFile } from "../system/privileges.ts";
import { boundKey, type Holding } from "./holding.ts";

/** Connections that the kernel keeps until they are accepted. */
const BACKLOG = 511;

/** One address, with the sockets that are bound to it. */
interface Place {
  readonly where: ListenWhere;
  /** 0 for a path. */
  readonly port: number;
  /** One for each worker, undefined for one that was given up. */
  readonly handles: (ListeningHandle | undefined)[];
  /** Binds one more; undefined where there can be no more: all workers accept on all that there are. */
  readonly more: (() => ListeningHandle) | undefined;
  readonly file: SocketFile | undefined;
}

/** Which of several workers asks. */
export interface Share {
  readonly id: number;
  readonly of: number;
  /** What it accepts on already. */
  readonly keys: ReadonlySet<string>;
}

/**
 * The sockets that a primary holds for its workers. They outlive every worker: what waits in one of them when its worker
 * dies is for the next. All of them are always accepted on, also when there are fewer workers than there were.
 */
export class Sockets {
  readonly #places = new Map<string, Promise<Place>>();
  /** Ports that are bound, by key. */
  readonly #ports = new Map<string, number>();
  readonly #accepting = new Set<string>();
  /** Keys of what was adopted, by the address that it is bound to. */
  readonly #names = new Map<string, string>();

  /**
   * The sockets that one of several workers is to accept on.
   *
   * @throws {MillraceError} `PORT_IN_USE` and its kin
   */
  async handles(key: string, where: ListenWhere, share: Share): Promise<ListeningHandle[]> {
    const { handles, more } = await this.#place(key, where, share);
    if (more === undefined) return handles.filter(isThere);
    const mine: ListeningHandle[] = [];
    for (let index = share.id - 1; index < Math.max(handles.length, share.id); index += share.of) {
      mine.push((handles[index] ??= more()));
    }
    return mine;
  }

  /** Accepts here and gives each connection to `take`. @returns the port; 0 for a path. @throws as `handles` does */
  async accept(
    key: string,
    where: ListenWhere,
    share: Share,
    take: (handle: ConnectionHandle) => void,
  ): Promise<number> {
    const { handles, port } = await this.#place(key, where, share);
    if (this.#accepting.has(key)) return port;
    this.#accepting.add(key);
    for (const handle of handles.filter(isThere)) {
      // What node:cluster does, too: a Socket made here would have to be taken apart again.
      handle.onconnection = (_, client) => client !== undefined && take(client);
      if (handle.listen(BACKLOG) !== 0) throw listenError(new Error(`listen ${port}`), where);
    }
    return port;
  }

  async #place(key: string, where: ListenWhere, { keys }: Share): Promise<Place> {
    if (keys.has(key)) throw listenError({ code: "EADDRINUSE" }, where);
    let place = this.#places.get(key) ?? this.#renamed(key);
    if (place === undefined) {
      place = this.#open(key, where, keys);
      this.#places.set(key, place);
      place.catch(() => this.#places.delete(key));
    }
    return place;
  }

  /** What was adopted, when it is asked for by the address that it is bound to. */
  #renamed(key: string): Promise<Place> | undefined {
    const name = this.#names.get(key) ?? "";
    const place = this.#places.get(name);
    if (place === undefined) return undefined;
    this.#places.delete(name);
    this.#places.set(key, place);
    this.#ports.set(key, this.#ports.get(name) ?? 0);
    this.#ports.delete(name);
    return place;
  }

  #open(key: string, where: ListenWhere, keys: ReadonlySet<string>): Promise<Place> {
    if ("path" in where) return openPath(where);
    return "fd" in where ? openGiven(where) : this.#openPort(key, where, keys);
  }

  async #openPort(
    key: string,
    where: Extract<ListenWhere, { port: number }>,
    keys: ReadonlySet<string>,
  ): Promise<Place> {
    const address = where.host === undefined ? null : await addressOf(where);
    // The kernel lets two programs of one user share a port without a word: that would be somebody else's.
    const port = this.#isOld(where.port, keys) ? where.port : await freePort(where);
    const more = (): ListeningHandle => bindHandle({ ...where, port }, address, true);
    const first = more();
    if (portOf(first) === 0) throw listenError(new Error("The socket has no port"), where);
    this.#ports.set(key, port);
    return { where, port, handles: [first], more, file: undefined };
  }

  /** Holds what another process has held. */
  adopt(holdings: readonly Holding[]): void {
    for (const holding of holdings) {
      const { key, where, isReusable, handles, file } = holding;
      const bound = boundKey(holding);
      if (bound !== undefined) this.#names.set(bound, key);
      const port = portOf(handles[0]!);
      const address = addressOfHandle(handles[0]!);
      const more = isReusable ? (): ListeningHandle => bindHandle({ port }, address, true) : undefined;
      this.#places.set(key, Promise.resolve({ where, port, handles: [...handles], more, file }));
      if (port !== 0) this.#ports.set(key, port);
    }
  }

  /** All that is held, to be left to another process. */
  async holdings(): Promise<Holding[]> {
    const holdings: Holding[] = [];
    for (const [key, opening] of this.#places) {
      const place = await opening.catch(() => undefined);
      if (place === undefined) continue;
      const { where, handles, more, file } = place;
      holdings.push({ key, where, isReusable: more !== undefined, handles: handles.filter(isThere), file });
    }
    return holdings;
  }

  /** Another process has some of it: what is closed here goes on there. */
  async disown(isTheirs: (key: string) => boolean): Promise<void> {
    for (const { key, file } of await this.holdings()) if (isTheirs(key)) file?.disown();
  }

  /** Whether a port is bound already, at an address that this worker has no more: its config has changed. */
  #isOld(port: number, keys: ReadonlySet<string>): boolean {
    return [...this.#ports].some(([key, bound]) => bound === port && !keys.has(key));
  }

  /** Closes the sockets of all other addresses. */
  async keep(keys: ReadonlySet<string>): Promise<void> {
    for (const [key, place] of this.#places) {
      if (keys.has(key)) continue;
      this.#places.delete(key);
      this.#accepting.delete(key);
      this.#ports.delete(key);
      const { handles = [], file } = (await place.catch(() => undefined)) ?? {};
      for (const handle of handles) handle?.close();
      file?.remove();
    }
  }

  /** Closes the sockets of a worker that nobody will replace: the kernel chooses among the rest. */
  async abandon(id: number): Promise<void> {
    for (const opened of this.#places.values()) {
      const place = await opened.catch(() => undefined);
      if (place?.more === undefined || place.handles.length < 2) continue;
      place.handles[id - 1]?.close();
      place.handles[id - 1] = undefined;
    }
  }

  /** No more connections. */
  close(): Promise<void> {
    return this.keep(new Set());
  }
}

async function openPath(where: Extract<ListenWhere, { readonly path: string }>): Promise<Place> {
  const handle = bindHandle({ path: await SocketFile.prepare(where.path) }, null, false);
  const file = SocketFile.publish(where.path, where.mode);
  giveSocketFile(where.path);
  return { where, port: 0, handles: [handle], more: undefined, file };
}

function isThere(handle: ListeningHandle | undefined): handle is ListeningHandle {
  return handle !== undefined;
}

async function openGiven(where: Extract<ListenWhere, { fd: unknown }>): Promise<Place> {
  const handle = openDescriptor(+where.fd);
  return { where, port: portOf(handle), handles: [handle], more: undefined, file: undefined };
}

async function addressOf(where: { readonly host?: string | undefined; readonly port: number }): Promise<string> {
  try {
    return (await lookup(where.host!)).address;
  } catch (error) {
    throw listenError(error, where);
  }
}
