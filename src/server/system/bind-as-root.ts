import type { ListenWhere } from "../../transport/tcp.ts";
import { type Holding, listenKey } from "../workers/holding.ts";
import { Sockets } from "../workers/sockets.ts";

/**
 * Binds all addresses and accepts on none of them: who accepts is to be somebody else by then.
 *
 * @param server the number of the server among those of the program
 * @returns what is bound, by key
 * @throws {MillraceError} `PORT_IN_USE` and its kin
 */
export async function bindAsRoot(
  places: readonly ListenWhere[],
  server: number,
): Promise<ReadonlyMap<string, Holding>> {
  const sockets = new Sockets();
  const keys = new Set<string>();
  for (const [index, where] of places.entries()) {
    const key = listenKey(where, server, index);
    await sockets.handles(key, where, { id: 1, of: 1, keys });
    keys.add(key);
  }
  return new Map((await sockets.holdings()).map((holding) => [holding.key, holding]));
}
