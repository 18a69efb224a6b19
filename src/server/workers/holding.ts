import { addressOfHandle, type ListeningHandle, portOf } from "../../transport/listening-handle.ts";
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

/**
 * The key of the address that a socket is bound to, for who asks for it by that: it was any free port, or a descriptor,
 * when it was bound.
 */
export function boundKey({ where, handles }: Holding): string | undefined {
  const [handle] = handles;
  if (handle === undefined || "path" in where) return undefined;
  const port = portOf(handle);
  if ("port" in where) return listenKey({ ...where, port }, 0, 0);
  return port === 0 ? undefined : listenKey({ host: addressOfHandle(handle) ?? undefined, port }, 0, 0);
}

/** Closes the sockets of an address here. Its file goes, too, unless somebody else has it by now. */
export function letGo({ handles, file }: Holding): void {
  for (const handle of handles) handle.close();
  file?.remove();
}

/** The file that belongs to an address whose socket another process has bound. */
export function adoptedFile(where: ListenWhere): SocketFile | undefined {
  return "path" in where ? SocketFile.adopt(where.path) : undefined;
}
