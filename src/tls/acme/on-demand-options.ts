import type { MaybePromise } from "../../base/maybe-promise.ts";

/** What is known when it is asked whether a name may have a certificate. */
export interface Demand {
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Whose handshake it is; undefined before a renewal, and for a unix socket. */
  readonly remoteAddress: string | undefined;
}

/**
 * How certificates are ordered for names that are not known beforehand, at the first handshake for each of them.
 *
 * @example
 * const onDemand: OnDemandOptions = { ask: (name) => customers.has(name) };
 */
export interface OnDemandOptions {
  /**
   * Whether a name may have a certificate: nothing is ordered, and nothing renewed, without `true`. What throws, or takes
   * too long, orders nothing either; a certificate that is there already is served then.
   *
   * Danger: say yes to names that you know, never to all that end in something: whoever knows your address can send any
   * name, and authorities give but some fifty certificates a week below one domain.
   *
   * @param name in lower case, checked to be one that an authority could know, and that a host answers for
   */
  ask(name: string, demand: Demand): MaybePromise<boolean>;
  /** Milliseconds that an answer may take. Default: 5,000. */
  readonly timeout?: number | undefined;
  /** Milliseconds for which an answer is not asked for again. Default: 60,000. */
  readonly remember?: number | undefined;
  /** Orders in any hour, of all servers that share the storage; renewals are orders too. Default: 60. */
  readonly ordersPerHour?: number | undefined;
  /**
   * Certificates that one process keeps in memory, each of which takes some 50 KiB: those that were asked for last. Others
   * come from the storage when they are asked for. Default: 1,000.
   */
  readonly maxNames?: number | undefined;
}

/** The options that have a default. */
export type OnDemandLimits = { readonly [Name in Exclude<keyof OnDemandOptions, "ask">]: number };

/** What holds unless told otherwise. */
export const ON_DEMAND_LIMITS: OnDemandLimits = {
  timeout: 5_000,
  remember: 60_000,
  ordersPerHour: 60,
  maxNames: 1_000,
};
