import type { Log } from "../../base/log.ts";
import { descriptorLimit } from "../../transport/descriptor-limit.ts";

/** Descriptors below which a server that faces the world is likely to run out of them. */
const FEW = 1024;
/** Descriptors that are no connections: files, upstreams, the runtime's own. */
const OTHERS = 64;

/**
 * Warns of a limit of descriptors that is low, or lower than the connections that are wanted. Node has raised the soft
 * limit to the hard one by now, so it is for whoever starts the process to raise the hard one.
 */
export function checkDescriptors(
  log: Log,
  maxConnections: number | undefined,
  limit: number = descriptorLimit(),
): void {
  const wanted = maxConnections === undefined || maxConnections === Infinity ? 0 : maxConnections + OTHERS;
  if (limit >= FEW && limit >= wanted) return;
  const hint = "Raise it: ulimit -Hn, or LimitNOFILE= of systemd.";
  const message =
    limit < wanted
      ? `This process may open ${limit} descriptors, and ${maxConnections} connections need ${wanted}. ${hint}`
      : `This process may open ${limit} descriptors only. ${hint}`;
  log.write("warn", message, { descriptors: limit });
}
