import type { Identifier } from "./resources.ts";

/** The ways that are known in which a name can be shown to be ours. RFC 8555 §8.3, §8.4, RFC 8737. */
export type ChallengeKind = "http-01" | "tls-alpn-01" | "dns-01";

/** What is to be shown. */
export interface Proof {
  readonly identifier: Identifier;
  readonly token: string;
  /** The token and the thumbprint of the account's key. RFC 8555 §8.1. */
  readonly authorization: string;
}

/** Shows that a name is ours, in one of the ways. */
export interface ChallengeSolver {
  readonly kind: ChallengeKind;
  /** Has the proof given to whoever asks; resolves when it can be asked for. May be called again for the same proof. */
  present(proof: Proof, signal: AbortSignal): Promise<void>;
  /** Ends that. @param signal aborts when it is waited for no more */
  cleanUp(proof: Proof, signal: AbortSignal): Promise<void>;
}
