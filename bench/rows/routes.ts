import { text } from "node:stream/consumers";
import { client } from "../clients/client.ts";
import type { Peer } from "../peers/peer.ts";
import type { Effort, LeftOut, Measured, Outcome, Row } from "../row.ts";
import { loadInTurn } from "../load.ts";
import { script } from "../wrk.ts";
import { startAll } from "./load-row.ts";
import { routeExchanges } from "./loads.ts";

const COUNTS = [10, 1_000, 10_000];

/** How the cost of a request grows with the number of routes. */
export function routesRow(): Row {
  return {
    name: "routes",
    title: "GET of a route with two parameters, as routes grow in number",
    measure: "CPU µs/request",
    subject: "millrace, 10,000 routes",
    peers: ["millrace", "Fastify", "Hono on Node"],
    run,
  };
}

async function run(peers: readonly Peer[], effort: Effort): Promise<Outcome> {
  const measured: Measured[] = [];
  const leftOut: LeftOut[] = [];
  const notes: string[] = [];
  for (const routes of COUNTS) {
    const exchanges = routeExchanges(routes);
    const started = await startAll(peers, { kind: "app", routes, exchanges });
    const servers = new Set(started.servers.map(({ name }) => name));
    const named = started.servers.map((server) => ({ ...server, name: title(server.name, routes) }));
    try {
      const outcome = await loadInTurn(named, script(`routes-${routes}`, exchanges), effort);
      const lookup = servers.has("millrace") ? await lookupNanoseconds(routes) : "";
      for (const one of outcome.measured) {
        const isOurs = one.name === title("millrace", routes);
        measured.push({ ...one, beside: { ...one.beside, "lookup ns": isOurs ? lookup : "" } });
      }
      leftOut.push(...started.leftOut.map((left) => ({ ...left, name: title(left.name, routes) })), ...outcome.leftOut);
      notes.push(...outcome.notes);
    } finally {
      await Promise.all(started.servers.map((server) => server.stop()));
    }
  }
  return { measured, leftOut, notes };
}

/** The finding alone, inside one process. */
async function lookupNanoseconds(routes: number): Promise<string> {
  const { stdout } = client("lookup", [routes], "pipe");
  return stdout === null ? "" : (await text(stdout)).trim();
}

function title(name: string, routes: number): string {
  return `${name}, ${routes.toLocaleString("en")} routes`;
}
