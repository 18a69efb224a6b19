import { readFileSync, readlinkSync } from "node:fs";
import net from "node:net";
import type { ListenAddress } from "./connection.ts";
import type { ListenWhere } from "./tcp.ts";
import { listenError } from "./listen-error.ts";

/**
 * A bound socket as the system has it, apart from whoever accepts on it. It can be sent to other processes over the
 * channel of `child_process`, and lives, with the connections that wait in it, until the last of them has closed it.
 */
export interface ListeningHandle {
  close(): void;
  getsockname?(out: { address?: string; port?: number; family?: string }): number;
  /** @returns 0, or a negative errno */
  listen(backlog: number): number;
  /** Hears of connections, each of them a handle itself. */
  onconnection?: (status: number, client: ConnectionHandle | undefined) => void;
}

/** A connection as the system has it. */
export interface ConnectionHandle {
  close(): void;
  setNoDelay?(noDelay: boolean): number;
}

/** What a `Server` of Node makes of a connection, in the same way. Nothing is read until `resume`. */
export function socketOf(handle: ConnectionHandle): net.Socket {
  handle.setNoDelay?.(true);
  const init = { handle, allowHalfOpen: true, readable: true, writable: true, pauseOnCreate: true };
  return new net.Socket(init as unknown as net.SocketConstructorOpts);
}

/** What `node:net` uses itself when it listens for a cluster. Not documented, unchanged since Node 0.12. */
type CreateServerHandle = (
  address: string | null | undefined,
  port: number | undefined,
  type: 4 | 6 | -1,
  fd: number | undefined,
  flags: number,
) => ListeningHandle | number;

const create = (net as unknown as Record<string, unknown>)["_createServerHandle"] as CreateServerHandle | undefined;

/** `UV_TCP_REUSEPORT` of libuv. */
const REUSE_PORT = 2;

/**
 * Binds an address without accepting on it.
 *
 * @param address resolved; null for every address
 * @throws {MillraceError} `PORT_IN_USE` and its kin
 */
export function bindHandle(
  where: Exclude<ListenWhere, { fd: unknown }>,
  address: string | null,
  reusePort: boolean,
): ListeningHandle {
  const port = "path" in where ? -1 : where.port;
  const name = "path" in where ? where.path : address;
  const type = "path" in where ? -1 : name === null || net.isIPv6(name) ? 6 : 4;
  let handle = create!(name, port, type, undefined, reusePort ? REUSE_PORT : 0);
  // A machine without IPv6.
  if (typeof handle === "number" && type === 6 && name === null)
    handle = create!("0.0.0.0", port, 4, undefined, reusePort ? REUSE_PORT : 0);
  if (typeof handle !== "number") return handle;
  const [code = "UNKNOWN"] = systemError(handle);
  throw listenError(Object.assign(new Error(`bind ${code}`), { code, syscall: "bind" }), where);
}

/** A descriptor has one handle, whoever asks: a second one would close it under the first. */
const opened = new Map<number, ListeningHandle>();

/**
 * The listening socket behind a descriptor that this process was started with. It is this process's own from now on.
 *
 * @throws {MillraceError} `BAD_DESCRIPTOR` when there is none
 */
export function openDescriptor(fd: number): ListeningHandle {
  const before = opened.get(fd);
  if (before !== undefined) return before;
  let cause: unknown;
  try {
    const handle = create!(undefined, undefined, -1, fd, 0);
    // Only what is a stream can be listened on.
    if (typeof handle !== "number" && typeof handle.listen === "function") {
      opened.set(fd, handle);
      return handle;
    }
  } catch (error) {
    cause = error;
  }
  throw listenError(cause, { fd });
}

/** Where the socket behind a descriptor listens. */
export function addressOfDescriptor(handle: ListeningHandle, fd: number): ListenAddress {
  const out: { address?: string; port?: number } = {};
  handle.getsockname?.(out);
  const { address: host, port } = out;
  if (host !== undefined && port !== undefined) return { kind: "tcp", host, port };
  return { kind: "unix", path: pathOfSocket(fd) ?? `fd:${fd}` };
}

/** Node has no getsockname for unix sockets; Linux lists them by inode. */
function pathOfSocket(fd: number): string | undefined {
  try {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`)) ?? [];
    // Num RefCount Protocol Flags Type St Inode Path
    return new RegExp(`^(?:\\S+ +){6}${inode} (.+)$`, "m").exec(readFileSync("/proc/net/unix", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

function systemError(errno: number): readonly string[] {
  const { getSystemErrorMap } = process.getBuiltinModule("node:util");
  return getSystemErrorMap().get(errno) ?? [];
}

/** The address that a handle is bound to; null when the system does not say. */
export function addressOfHandle(handle: ListeningHandle): string | null {
  const out: { address?: string } = {};
  handle.getsockname?.(out);
  return out.address ?? null;
}

/** The port that a handle is bound to; 0 for a unix socket. */
export function portOf(handle: ListeningHandle): number {
  const out: { port?: number } = {};
  handle.getsockname?.(out);
  return out.port ?? 0;
}
