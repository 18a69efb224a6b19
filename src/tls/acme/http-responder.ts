import { parseHost } from "../../fields/host.ts";
import type { ChallengeRecords } from "./challenge-records.ts";

/** Where an authority looks. RFC 8555 §8.3. */
const PREFIX = "/.well-known/acme-challenge/";

/**
 * What is answered to an authority that looks for a proof; undefined for everything else, which is for the usual routing
 * with all of its rules: only the exact path of a token that is outstanding for the host that is asked. Whoever knows the
 * path of challenges gets nothing by it.
 *
 * @param target as it was sent: nothing is decoded
 * @param authority of the request, perhaps with a port
 */
export function httpProof(
  records: ChallengeRecords,
  target: string,
  authority: string,
): Promise<string | undefined> | undefined {
  if (!target.startsWith(PREFIX)) return undefined;
  const host = parseHost(authority);
  if (host === undefined) return undefined;
  return records.ofToken(target.slice(PREFIX.length), host.name.replace(/^\[|\]$/g, ""));
}
