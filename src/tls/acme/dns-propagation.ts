import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { type AskedResolver, type NameServers, resolverOf, serversOf } from "./name-servers.ts";
import type { Pause } from "./pause.ts";

/** How a record is looked for. */
export interface Propagation extends NameServers {
  readonly clock: Clock;
  readonly pause: Pause;
  readonly log: Log;
}

/** Milliseconds between two looks, and in all. A look may take some seconds, when a server says nothing. */
const INTERVAL = 2_000;
const PATIENCE = 120_000;

/**
 * Waits until all name servers of a name have a TXT record.
 *
 * After two minutes the authority looks all the same: it may see what we cannot.
 */
export async function propagated(
  name: string,
  value: string,
  { clock, pause, log, ...who }: Propagation,
  signal: AbortSignal,
): Promise<void> {
  const end = clock.now() + PATIENCE;
  const { resolverAt = resolverOf } = who;
  const servers = await serversOf(name, who);
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
