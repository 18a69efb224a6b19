import type { ListeningHandle } from "../../transport/listening-handle.ts";
import { SocketFile } from "../../transport/socket-file.ts";
import type { ListenWhere } from "../../transport/tcp.ts";

/** An address with the sockets that are bound to it, as one process leaves it to the next. */
export interface Holding {
  /** By what its heir finds it: see {@link listenKey}. */
  readonly key: string;
  readonly where: ListenWhere;
  /** Whether more sockets can be bound to the port (SO_REUSEPORT). All processes share the one that cannot be joined. */
  readonly isReusable: boolean;
  readonly handles: readonly ListeningHandle[];
  /** The file of a unix socket. */
  readonly file: SocketFile | undefined;
}

/**
 * What an address is called among processes that run the same program, or another version of it. Port 0 is another one
 * for each listener, so its name is its place in the program.
 */
export function listenKey(where: ListenWhere, server: number, index: number): string {
  if ("path" in where) return `unix:${where.path}`;
  if ("fd" in where) return `fd:${where.fd}`;
  if (where.port === 0) return `${server}/${index}`;
  return `${where.host ?? ""}:${where.port}`;
}

/** The file that belongs to an address whose socket another process has bound. */
export function adoptedFile(where: ListenWhere): SocketFile | undefined {
  return "path" in where ? SocketFile.adopt(where.path) : undefined;
}
