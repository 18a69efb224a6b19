import { createHash } from "node:crypto";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import type { ChallengeSolver, Proof } from "./challenge-solver.ts";
import { base64url } from "./jws.ts";

/**
 * Sets TXT records where the DNS of a name is kept. With it wildcards can be had, and certificates for servers that nobody
 * can connect to from outside.
 *
 * @example
 * const provider: DnsProvider = {
 *   present: (name, value) => api.addTxt(name, value),
 *   cleanUp: (name, value) => api.removeTxt(name, value),
 * };
 */
export interface DnsProvider {
  /**
   * Adds a record; may be called again for the same one. Others of the name stay.
   *
   * @param name `_acme-challenge.example.com`, without a final dot
   */
  present(name: string, value: string, signal: AbortSignal): MaybePromise<void>;
  /** Removes that record, if it is there. */
  cleanUp(name: string, value: string): MaybePromise<void>;
  /**
   * Resolves when everybody can see a record; then the authority is told to look. Default: the name servers of the name
   * are asked until all of them have it, for two minutes at most.
   */
  propagated?(name: string, value: string, signal: AbortSignal): MaybePromise<void>;
}

/** Proves names by TXT records. RFC 8555 §8.4. */
export function dnsSolver(
  provider: DnsProvider,
  propagated: (name: string, value: string, signal: AbortSignal) => MaybePromise<void>,
): ChallengeSolver {
  return {
    kind: "dns-01",
    async present(proof, signal) {
      const { name, value } = recordOf(proof);
      await provider.present(name, value, signal);
      if (provider.propagated === undefined) await propagated(name, value, signal);
      else await provider.propagated(name, value, signal);
    },
    async cleanUp(proof) {
      const { name, value } = recordOf(proof);
      await provider.cleanUp(name, value);
    },
  };
}

function recordOf({ identifier, authorization }: Proof): { readonly name: string; readonly value: string } {
  return {
    // RFC 8555 §7.1.4: the identifier of a wildcard's authorization has no asterisk.
    name: `_acme-challenge.${identifier.value}`,
    value: base64url(createHash("sha256").update(authorization).digest()),
  };
}
