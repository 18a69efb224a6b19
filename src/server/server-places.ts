import type { ListenWhere } from "../transport/tcp.ts";
import { isSecureListen, listOf, parseListen } from "./listen-option.ts";
import type { ServerOptions } from "./options.ts";
import { inheritedSockets, withInherited } from "./system/inherited-sockets.ts";

const LISTEN = "127.0.0.1:8080";

/** One place where a server is to listen. */
export interface ServerPlace {
  readonly where: ListenWhere;
  /** Whether TLS is spoken there. */
  readonly isSecure: boolean;
}

/**
 * Where a server is to listen: as its option says, or at the sockets that systemd has given.
 *
 * @throws {MillraceError} `BAD_LISTEN`, `NO_SUCH_SOCKET`
 */
export function serverPlaces({ listen = LISTEN }: ServerOptions): ServerPlace[] {
  const options = listOf(listen);
  const secured = options.map(isSecureListen);
  return withInherited(options.map(parseListen), inheritedSockets()).map(({ where, from }) => {
    // One that nothing was asked for is like the others, if these are all alike.
    return { where, isSecure: from === undefined ? secured.every(Boolean) : secured[from] === true };
  });
}

/** Whether TLS is spoken, for each of the places that the option names. */
export function securedOf({ listen = LISTEN }: ServerOptions): boolean[] {
  return listOf(listen).map(isSecureListen);
}
