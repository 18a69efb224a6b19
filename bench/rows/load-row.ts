import { AGREED_NOTE } from "../agreed.ts";
import { certificate, handshakeFault } from "../certificate.ts";
import { fault, pipelineFault, type Exchange } from "../exchange.ts";
import { loadInTurn, type Visited } from "../load.ts";
import { serveOrigin } from "../origin.ts";
import type { Peer, Use } from "../peers/peer.ts";
import type { Effort, Outcome, Row } from "../row.ts";
import { freePort, start, type Command, type Server } from "../server.ts";
import { script } from "../wrk.ts";
import { measureSound, type Started, startSound } from "./sound.ts";

/** A row whose servers run all at once and answer a closed-loop load. */
export interface LoadRow extends Pick<Row, "name" | "title" | "peers"> {
  readonly kind: Use["kind"];
  readonly subject?: string;
  readonly routes?: number;
  readonly folder?: string;
  /** Sent in turn; each is asked once, and its answer compared, before the load. */
  readonly exchanges: readonly Exchange[];
  /** Requests in one write. */
  readonly pipelined?: number;
  /** Over TLS. */
  readonly tls?: boolean;
  /** Looks at a server once more after it has answered `requests` under load, and says what is wrong. */
  readonly after?: (server: Server, requests: number) => string | undefined | Promise<string | undefined>;
  /** Work that is measured in turn with the servers. */
  readonly beside?: readonly Visited[];
  /** What the reader of the table must know. */
  readonly notes?: readonly string[];
}

/** Makes the row: starts, checks, loads, checks again, stops. */
export function loadRow(row: LoadRow): Row {
  const { name, title, peers, subject = "millrace" } = row;
  return { name, title, peers, subject, measure: "CPU µs/request", run: (peers, effort) => run(row, peers, effort) };
}

/** Starts one server per peer, without those that answer wrongly. */
export async function startAll(
  peers: readonly Peer[],
  row: Pick<LoadRow, "kind" | "routes" | "folder" | "exchanges" | "pipelined" | "tls">,
): Promise<Started> {
  return startSound(
    peers,
    (peer) => startOne(peer, row),
    (server) => faultOf(server, row),
  );
}

/**
 * Starts a peer's server, and the one that fills its cache where the row is about caches.
 *
 * @param alter what to make of the command first
 */
export async function startOne(
  peer: Peer,
  { kind, routes = 0, folder = "", tls = false }: Pick<LoadRow, "kind" | "routes" | "folder" | "tls">,
  alter = (command: Command): Command => command,
): Promise<Server> {
  const port = await freePort();
  const origin = kind === "cache" ? await serveOrigin() : undefined;
  const secrets = tls ? await certificate() : undefined;
  const command = peer.command({ kind, port, routes, folder, origin: origin?.port, tls: secrets });
  try {
    const server = await start(peer.name, alter(command), port);
    return { ...server, secure: tls, stop: () => server.stop().finally(() => origin?.close()) };
  } catch (error) {
    origin?.close();
    throw error;
  }
}

async function run(row: LoadRow, peers: readonly Peer[], effort: Effort): Promise<Outcome> {
  const outcome = await measureSound(
    await startAll(peers, row),
    (servers) => loadInTurn(servers, script(row.name, row.exchanges, row.pipelined), effort, row.beside),
    async (server, { requests }) =>
      (await faultOf(server, row)) ?? (await row.after?.(server, requests.get(server.name) ?? 0)),
  );
  const notes = [...(row.tls === true ? [AGREED_NOTE] : []), ...(row.notes ?? []), ...outcome.notes];
  return { ...outcome, notes };
}

async function faultOf(
  server: Server,
  { exchanges, pipelined = 1 }: Pick<LoadRow, "exchanges" | "pipelined">,
): Promise<string | undefined> {
  const disagreed = server.secure === true ? await handshakeFault(server.port) : undefined;
  if (disagreed !== undefined) return disagreed;
  for (const exchange of exchanges.slice(0, 20)) {
    const wrong = await fault(server.port, exchange, server.secure);
    if (wrong !== undefined) return wrong;
    if (pipelined > 1) {
      const outOfLine = await pipelineFault(server.port, exchange, pipelined);
      if (outOfLine !== undefined) return outOfLine;
    }
  }
  return undefined;
}
