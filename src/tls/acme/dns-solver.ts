import { createHash } from "node:crypto";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import { AcmeError } from "./acme-error.ts";
import type { ChallengeSolver, Proof } from "./challenge-solver.ts";
import { inTime } from "./in-time.ts";
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
   * @param name `_acme-challenge.example.com`, without a final dot; where that is an alias (CNAME), the name that it leads to
   */
  present(name: string, value: string, signal: AbortSignal): MaybePromise<void>;
  /** Removes that record, if it is there. */
  cleanUp(name: string, value: string): MaybePromise<void>;
  /**
   * Resolves when everybody can see a record; then the authority is told to look. Default: the name servers of the name
   * are asked until all of them have it, for two minutes at most.
   */
  propagated?(name: string, value: string, signal: AbortSignal): MaybePromise<void>;
  /** Whether it is given the name of the challenge as it is, since it looks after aliases itself. Default: false. */
  readonly ownAliases?: boolean | undefined;
}

/** What is asked of DNS. */
export interface DnsQuestions {
  /** Where a record of a name has to stand. Default: at the name. */
  readonly unaliased?: ((name: string, signal: AbortSignal) => Promise<string>) | undefined;
  /** Resolves when everybody can see a record. */
  propagated(name: string, value: string, signal: AbortSignal): MaybePromise<void>;
}

/** Milliseconds that one function of a provider may take. */
const PATIENCE = 300_000;
/** Milliseconds that it may take to find where a record was set before this process began. */
const FINDING = 30_000;

/**
 * Proves names by TXT records. RFC 8555 §8.4.
 *
 * @param milliseconds that each function of the provider may take, whatever it makes of its signal. Default: 300,000
 */
export function dnsSolver(
  provider: DnsProvider,
  { unaliased, propagated }: DnsQuestions,
  milliseconds: number = PATIENCE,
): ChallengeSolver {
  /** Where the records of names were set. */
  const places = new Map<string, string>();
  const placeOf = (name: string, signal: AbortSignal): Promise<string> | string =>
    unaliased === undefined || provider.ownAliases === true ? name : unaliased(name, signal);
  const wait = provider.propagated?.bind(provider) ?? propagated;
  const call = (what: string, place: string, signal: AbortSignal, work: () => MaybePromise<void>): Promise<void> => {
    const late = (): AcmeError =>
      new AcmeError("ACME_DNS_HOOK", `${what}() of the DNS provider has not ended for ${place}.`, {
        hint: "Have it give up what takes too long, and heed its signal.",
      });
    return inTime(work, { signal, milliseconds, late });
  };
  return {
    kind: "dns-01",
    async present(proof, signal) {
      const { name, value } = recordOf(proof);
      const place = await placeOf(name, signal);
      places.set(name, place);
      await call("present", place, signal, () => provider.present(place, value, signal));
      await call("propagated", place, signal, () => wait(place, value, signal));
    },
    async cleanUp(proof, signal) {
      const { name, value } = recordOf(proof);
      const finding = AbortSignal.any([signal, AbortSignal.timeout(FINDING)]);
      const place = places.get(name) ?? (await placeOf(name, finding));
      places.delete(name);
      await call("cleanUp", place, signal, () => provider.cleanUp(place, value));
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
