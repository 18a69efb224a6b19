import type { Connection, Listener } from "../transport/connection.ts";
import { listen, type ListenSettings, type ListenWhere } from "../transport/tcp.ts";
import { type Holding, listenKey } from "./workers/holding.ts";
import { type Acceptance, membership } from "./workers/membership.ts";

/** One address that is listened on. */
export interface OpenPlace extends Listener {
  /** The sockets, where they are this process's own. */
  readonly holding: Holding | undefined;
}

/** How to listen everywhere. */
export interface ListenParts {
  /** Of the server among those of this program. */
  readonly server: number;
  /** Who takes the connections of one of the addresses. */
  readonly onConnection: (index: number) => (connection: Connection) => void;
  /** Whether TLS is spoken at one of them. */
  readonly isSecure: (index: number) => boolean;
  readonly settings: ListenSettings;
  /** What another process has left for an address. */
  readonly inherited: (key: string) => Holding | undefined;
}

/** Listens on all addresses. When one fails, none is left. @throws {MillraceError} `PORT_IN_USE` and its kin */
export async function listenEverywhere(places: readonly ListenWhere[], parts: ListenParts): Promise<OpenPlace[]> {
  const keys = places.map((place, index) => listenKey(place, parts.server, index));
  const open: (OpenPlace | undefined)[] = places.map(() => undefined);
  const isInherited = (index: number): boolean => parts.inherited(keys[index]!) !== undefined;
  const indexes = [...places.keys()];
  // Those that may fail come first: whoever connects to the others must not meet a server that does not start.
  for (const some of [indexes.filter((index) => !isInherited(index)), indexes.filter(isInherited)]) {
    const opening = some.map(async (index) => {
      const place = await openPlace(keys[index]!, places[index]!, parts.onConnection(index), parts);
      open[index] = parts.isSecure(index) ? { ...place, address: { ...place.address, secure: true } } : place;
    });
    const failed = (await Promise.allSettled(opening)).find((result) => result.status === "rejected");
    if (failed === undefined) continue;
    await Promise.all(open.flatMap((place) => place?.close() ?? []));
    throw failed.reason;
  }
  return open as OpenPlace[];
}

type OnConnection = (connection: Connection) => void;

/** Listens on one address. @throws as `listenEverywhere` does */
export async function openPlace(
  key: string,
  where: ListenWhere,
  onConnection: OnConnection,
  { settings, inherited }: Pick<ListenParts, "settings" | "inherited">,
): Promise<OpenPlace> {
  if (membership !== undefined) {
    const given = await membership.listen(key, where);
    return { ...(await listenGiven(given, where, onConnection, settings)), holding: undefined };
  }
  const left = inherited(key);
  if (left !== undefined) return openInherited(left, where, onConnection, settings);
  const listener = await listen(where, onConnection, settings);
  const { address, handle, file } = listener;
  const holding = { key, where, isReusable: settings.reusePort === true, handles: [handle!], file };
  return { address, close: () => listener.close(), holding };
}

async function openInherited(
  left: Holding,
  where: ListenWhere,
  onConnection: OnConnection,
  settings: ListenSettings,
): Promise<OpenPlace> {
  const listeners = await Promise.all(
    left.handles.map((handle) => listen(where, onConnection, { ...settings, handle })),
  );
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()));
    left.file?.remove();
  };
  const handles = listeners.map(({ handle }) => handle!);
  return { address: listeners[0]!.address, close, holding: { ...left, where, handles } };
}

/** Accepts on what a primary has given: one listener, whatever it consists of. */
async function listenGiven(
  given: Acceptance,
  place: ListenWhere,
  onConnection: OnConnection,
  settings: ListenSettings,
): Promise<Listener> {
  if (given.kind === "dispatch") {
    const where = "port" in place ? { ...place, port: given.port } : place;
    return listen(where, onConnection, { ...settings, dispatched: given.take });
  }
  const each = given.handles.map((handle) => listen(place, onConnection, { ...settings, handle }));
  const listeners = await Promise.all(each);
  const close = async (): Promise<void> => void (await Promise.all(listeners.map((listener) => listener.close())));
  return { address: listeners[0]!.address, close };
}
