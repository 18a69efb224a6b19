import { randomBytes } from "node:crypto";
import { type AskedResolver, type NameServers, resolverOf, serversOf } from "./name-servers.ts";

/** Aliases that are followed, one after the other. */
const MOST = 8;
/** Name servers of a zone that are asked, one after the other, before they are thought to be silent. */
const MOST_ASKED = 3;
/** What says for certain that there is no alias. */
const NONE = ["ENODATA", "ENOTFOUND"];

/**
 * Where a record has to stand so that who asks for a name finds it: aliases (CNAME) are followed, as authorities do.
 * RFC 8555 §8.4, RFC 1034 §3.6.2.
 *
 * One by a wildcard is not: a record of the name itself takes its place (RFC 4592 §2.2.1), and it leads to whoever serves
 * the other names. Where nobody can be asked, the name is taken as it is.
 *
 * @param name in lower case, without a final dot
 */
export async function unaliased(name: string, who: NameServers, signal: AbortSignal): Promise<string> {
  let last = name;
  for (let count = 0; count < MOST; count++) {
    const asked = await resolversOf(last, who);
    signal.throwIfAborted();
    const target = await aliasOf(last, asked);
    signal.throwIfAborted();
    if (target === undefined || (await aliasOf(beside(last), asked)) === target) return last;
    last = target;
  }
  return last;
}

/**
 * Those that keep a name, and where they say nothing those that were given: a cache would remember that there is no such
 * name, and be asked for its record a moment later. So it is not asked for the servers of the name itself either.
 */
async function resolversOf(
  name: string,
  { resolvers, resolverAt = resolverOf }: NameServers,
): Promise<AskedResolver[]> {
  const above = name.slice(name.indexOf(".") + 1);
  const keepers = await serversOf(above, { resolverAt: (servers = resolvers) => resolverAt(servers) });
  return [...keepers.slice(0, MOST_ASKED), ...(resolvers ?? [])].map((address) => resolverAt([address]));
}

async function aliasOf(name: string, asked: readonly AskedResolver[]): Promise<string | undefined> {
  for (const resolver of asked) {
    const answer = await ask(resolver, name);
    if (answer !== "silence") return answer;
  }
  return undefined;
}

async function ask(resolver: AskedResolver, name: string): Promise<string | undefined> {
  try {
    const [target] = await resolver.resolveCname(name);
    return target?.toLowerCase().replace(/\.$/, "");
  } catch (error) {
    return NONE.includes((error as NodeJS.ErrnoException).code ?? "") ? undefined : "silence";
  }
}

/** A name that nobody has made: what it has comes from a wildcard. */
function beside(name: string): string {
  return `_${randomBytes(8).toString("hex")}${name.slice(name.indexOf("."))}`;
}
