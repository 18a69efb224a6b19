import type { Peer } from "../peers/peer.ts";
import type { LeftOut, Outcome } from "../row.ts";
import type { Server } from "../server.ts";

/** What is measured, and what is not. */
export interface Started {
  readonly servers: Server[];
  readonly leftOut: LeftOut[];
}

/** Starts one server per peer; a peer that does not start, or whose answers are wrong, is left out. */
export async function startSound(
  peers: readonly Peer[],
  startOne: (peer: Peer) => Promise<Server>,
  faultOf: (server: Server) => Promise<string | undefined>,
): Promise<Started> {
  const servers: Server[] = [];
  const leftOut: LeftOut[] = [];
  for (const peer of peers) {
    try {
      const server = await startOne(peer);
      const wrong = await faultOf(server);
      if (wrong === undefined) servers.push(server);
      else {
        leftOut.push({ name: peer.name, reason: wrong });
        await server.stop();
      }
    } catch (error) {
      leftOut.push({ name: peer.name, reason: (error as Error).message });
    }
  }
  return { servers, leftOut };
}

/** Loads servers and looks at them once more: those that answer wrongly now are out. All are stopped at the end. */
export async function measureSound<Load extends Outcome>(
  { servers, leftOut }: Started,
  load: (servers: readonly Server[]) => Promise<Load>,
  faultOf: (server: Server, outcome: Load) => Promise<string | undefined>,
): Promise<Outcome> {
  try {
    const outcome = await load(servers);
    for (const server of servers) {
      const wrong = await faultOf(server, outcome);
      if (wrong !== undefined) leftOut.push({ name: server.name, reason: `after the load: ${wrong}` });
    }
    const out = new Set(leftOut.map(({ name }) => name));
    const measured = outcome.measured.filter(({ name }) => !out.has(name));
    return { measured, leftOut: [...leftOut, ...outcome.leftOut], notes: outcome.notes };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
