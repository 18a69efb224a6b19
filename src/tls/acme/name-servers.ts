import { Resolver } from "node:dns/promises";

/** What is asked of a resolver. */
export type AskedResolver = Pick<Resolver, "resolveNs" | "resolve4" | "resolveTxt" | "resolveCname">;

/** Who is asked about names. */
export interface NameServers {
  /** Addresses of resolvers that are asked, such as `"1.1.1.1"`. Default: the name servers of the name itself. */
  readonly resolvers?: readonly string[] | undefined;
  /** For tests. */
  readonly resolverAt?: ((servers?: readonly string[]) => AskedResolver) | undefined;
}

/**
 * The addresses of those that are asked about a name: where none are given the name servers of the zone that it is in, IPv4
 * only, since few resolvers have no IPv4.
 *
 * Those that keep the name are asked, no cache between: a look that came too early would be remembered there, by its "no
 * such name".
 */
export async function serversOf(
  name: string,
  { resolvers, resolverAt = resolverOf }: NameServers,
): Promise<readonly string[]> {
  if (resolvers !== undefined) return resolvers;
  const resolver = resolverAt();
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

/** Asks the system's resolvers, or those at the addresses. */
export function resolverOf(servers?: readonly string[]): AskedResolver {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return resolver;
}
