import { Resolver } from "node:dns/promises";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Pause } from "./pause.ts";

/** How a record is looked for. */
export interface Propagation {
  /** Addresses of resolvers that are asked, such as `"1.1.1.1"`. Default: the name servers of the name itself. */
  readonly resolvers?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly pause: Pause;
  readonly log: Log;
  /** For tests. */
  readonly resolverAt?: ((servers?: readonly string[]) => AskedResolver) | undefined;
}

/** What is asked of a resolver. */
export type AskedResolver = Pick<Resolver, "resolveNs" | "resolve4" | "resolveTxt">;

/** Milliseconds between two looks, and in all. A look may take some seconds, when a server says nothing. */
const INTERVAL = 2_000;
const PATIENCE = 120_000;

/**
 * Waits until all name servers of a name have a TXT record. Those that keep the name are asked, no cache between: a look
 * that came too early would be remembered there, by its "no such name".
 *
 * After two minutes the authority looks all the same: it may see what we cannot.
 */
export async function propagated(
  name: string,
  value: string,
  { resolvers, clock, pause, log, resolverAt = resolverOf }: Propagation,
  signal: AbortSignal,
): Promise<void> {
  const end = clock.now() + PATIENCE;
  const servers = resolvers ?? (await authoritative(name, resolverAt()));
  while (clock.now() < end) {
    const answers = await Promise.all(servers.map((server) => has(resolverAt([server]), name, value)));
    if (servers.length > 0 && answers.every(Boolean)) return;
    await pause(INTERVAL, signal);
  }
  log.write("warn", "A DNS record cannot be seen everywhere yet", { name, servers: servers.join(" ") });
}

async function has(resolver: AskedResolver, name: string, value: string): Promise<boolean> {
  try {
    const records = await resolver.resolveTxt(name);
    return records.some((parts) => parts.join("") === value);
  } catch {
    return false;
  }
}

/** The addresses of the name servers of the zone that a name is in, IPv4 only: few resolvers have no IPv4. */
async function authoritative(name: string, resolver: AskedResolver): Promise<string[]> {
  for (let zone = name; zone.includes("."); zone = zone.slice(zone.indexOf(".") + 1)) {
    try {
      const servers = await resolver.resolveNs(zone);
      const addresses = await Promise.all(servers.map((server) => resolver.resolve4(server).catch(() => [])));
      if (addresses.flat().length > 0) return addresses.flat();
    } catch {
      // The zone begins further up.
    }
  }
  return [];
}

function resolverOf(servers?: readonly string[]): Resolver {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return resolver;
}
