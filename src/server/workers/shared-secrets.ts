import { currentFleet } from "./enrolment.ts";
import { membership } from "./membership.ts";
import { type HeldSecrets, renewedSecrets, type SharedSecrets } from "./secrets.ts";

let own: HeldSecrets | undefined;

/**
 * The secrets of this server: those that all its workers have, or its own when it has none. A worker has them before it
 * listens.
 */
export function sharedSecrets(): SharedSecrets {
  return membership?.secrets ?? currentFleet()?.secrets ?? (own ??= renewedSecrets());
}

/** Goes on with those of the process before this one. */
export function inheritSecrets(secrets: readonly Uint8Array[]): void {
  own ??= renewedSecrets();
  own.take(secrets);
}
