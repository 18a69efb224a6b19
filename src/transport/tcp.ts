import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, ListenOptions as NodeListenOptions, Server, Socket } from "node:net";
import type { AcceptLimits } from "./accept-limits.ts";
import type { Connection, ListenAddress, Listener } from "./connection.ts";
import { listenError } from "./listen-error.ts";
import { type ConnectionHandle, type ListeningHandle, openDescriptor, socketOf } from "./listening-handle.ts";
import { rarely } from "./rarely.ts";
import { SocketFile } from "./socket-file.ts";
import { plainAddress, TcpConnection } from "./tcp-connection.ts";
import type { TcpSource } from "./tcp-connection.ts";

/** Where to listen. */
export type ListenWhere =
  | {
      /** A name or an address. Default: all of them, IPv6 and IPv4. */
      readonly host?: string | undefined;
      /** 0 for any free one; {@link Listener.address} tells which. */
      readonly port: number;
    }
  | {
      /** The path of a unix socket. A socket file that nobody listens on any more is replaced. */
      readonly path: string;
      /** The permissions of the socket file, such as 0o660. Default: what the umask leaves. */
      readonly mode?: number | undefined;
    }
  | {
      /** The number of a descriptor that is a listening socket, or the name that systemd gave it. */
      readonly fd: number | string;
      /** Where it listens, if that is known. */
      readonly address?: ListenAddress | undefined;
    };

/** How to listen. */
export interface ListenSettings {
  /** Lets several processes listen on the port, and the kernel choose among them (SO_REUSEPORT). Default: false. */
  readonly reusePort?: boolean | undefined;
  /** The socket to accept on, bound by somebody else. */
  readonly handle?: ListeningHandle | undefined;
  /** Gives connections that another process has accepted, in the place of a socket to accept on. */
  readonly dispatched?: ((onHandle: (handle: ConnectionHandle) => void) => void) | undefined;
  /** Connections that the kernel keeps until they are accepted. Default: 511; the system may cap it. */
  readonly backlog?: number | undefined;
  /** Whether connections read into one shared buffer, where this Node can. Default: true. */
  readonly userBuffer?: boolean | undefined;
  /** Which connections are let in; the others are reset at once. Default: all. */
  readonly limits?: AcceptLimits | undefined;
  /**
   * Hears that connections could not be accepted, at most once in 10 s; the listener lives on. Of too few descriptors
   * it seldom hears: libuv keeps one in reserve to accept and drop with.
   */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** A listener with a socket of its own. */
export interface SocketListener extends Listener {
  /** What it accepts on; undefined when another process does that for it. */
  readonly handle: ListeningHandle | undefined;
  /** The file of a unix socket that it has made, and removes when it closes. */
  readonly file: SocketFile | undefined;
}

/** Milliseconds between two reports of the same trouble, which may come a thousand times a second. */
const QUIET = 10_000;

/**
 * Listens on TCP or on a unix socket. `onConnection` sets the handler of each connection before it returns.
 *
 * @throws {MillraceError} `PORT_IN_USE`, `PATH_IN_USE`, `PATH_TOO_LONG`, `FOLDER_MISSING`, `PERMISSION`, `BAD_PORT`,
 *   `ADDRESS_NOT_AVAILABLE`, `LISTEN_FAILED`
 * @example
 * const listener = await listen({ port: 8080 }, (connection) => {
 *   connection.handler = new Echo(connection);
 * });
 */
export async function listen(
  where: ListenWhere,
  onConnection: (connection: Connection) => void,
  settings: ListenSettings = {},
): Promise<SocketListener> {
  if (settings.dispatched !== undefined) return takeDispatched(where, onConnection, settings, settings.dispatched);
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const file = await start(server, where, settings);
  const address = addressOf(server, where);
  const source: TcpSource = {
    localPort: address.kind === "tcp" ? address.port : 0,
    userBuffer: settings.userBuffer ?? true,
    limits: settings.limits,
  };
  server.on("connection", (socket: Socket) => {
    if (isAdmitted(socket, source)) onConnection(new TcpConnection(socket, source));
  });
  server.on("error", rarely(QUIET, settings.onError ?? (() => {})));
  const { _handle: handle } = server as unknown as { readonly _handle: ListeningHandle };
  return { address, handle, file, close: () => close(server, file) };
}

/** Listens to another process. It goes on when this one has stopped: what it has still sent is served. */
function takeDispatched(
  where: ListenWhere,
  onConnection: (connection: Connection) => void,
  { userBuffer = true, limits }: ListenSettings,
  dispatched: (onHandle: (handle: ConnectionHandle) => void) => void,
): SocketListener {
  const address = givenAddress(where);
  const source: TcpSource = { localPort: address.kind === "tcp" ? address.port : 0, userBuffer, limits };
  dispatched((handle) => {
    const socket = socketOf(handle);
    if (!isAdmitted(socket, source)) return;
    onConnection(new TcpConnection(socket, source));
    // It was accepted with nobody to read it.
    socket.resume();
  });
  return { address, handle: undefined, file: undefined, close: () => Promise.resolve() };
}

/** Where another process listens. */
function givenAddress(where: ListenWhere): ListenAddress {
  if ("path" in where) return { kind: "unix", path: where.path };
  if ("fd" in where) return where.address ?? { kind: "unix", path: `fd:${where.fd}` };
  return { kind: "tcp", host: where.host ?? "::", port: where.port };
}

async function start(server: Server, where: ListenWhere, settings: ListenSettings): Promise<SocketFile | undefined> {
  const path = "path" in where && settings.handle === undefined ? where.path : undefined;
  const bound = path === undefined ? where : { path: await SocketFile.prepare(path) };
  try {
    server.listen(settings.handle ?? ("fd" in bound ? openDescriptor(+bound.fd) : nodeOptions(bound, settings)));
    await once(server, "listening");
    return path === undefined ? undefined : SocketFile.publish(path, "path" in where ? where.mode : undefined);
  } catch (error) {
    server.close();
    throw listenError(error, where);
  }
}

function nodeOptions(where: Exclude<ListenWhere, { fd: unknown }>, settings: ListenSettings): NodeListenOptions {
  const { backlog, reusePort = false } = settings;
  const options: NodeListenOptions = backlog === undefined ? {} : { backlog };
  if ("path" in where) return { ...options, path: where.path };
  const { host, port } = where;
  return { ...options, port, reusePort, ...(host === undefined ? {} : { host }) };
}

function addressOf(server: Server, where: ListenWhere): ListenAddress {
  if ("path" in where) return { kind: "unix", path: where.path };
  if ("fd" in where && where.address !== undefined) return where.address;
  const { address, port } = (server.address() ?? {}) as Partial<AddressInfo>;
  if (address === undefined || port === undefined) return givenAddress(where);
  return { kind: "tcp", host: address, port };
}

/** To reset takes no descriptor, no TIME_WAIT and no answer: the cheapest way to say no to a flood. */
function isAdmitted(socket: Socket, { limits }: TcpSource): boolean {
  const address = plainAddress(socket.remoteAddress);
  if (limits === undefined || limits.admit(address)) return true;
  socket.on("error", () => {});
  // A unix socket knows no reset, and Node throws when asked for one.
  if (address === "") socket.destroy();
  else socket.resetAndDestroy();
  return false;
}

/** The descriptor is closed at once, a socket file removed; the "close" event of Node would wait for connections. */
function close(server: Server, file: SocketFile | undefined): Promise<void> {
  server.close();
  file?.remove();
  return new Promise((resolve) => setImmediate(resolve));
}
