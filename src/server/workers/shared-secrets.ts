import { currentFleet } from "./enrolment.ts";
import { membership } from "./membership.ts";
import { renewedSecrets, type SharedSecrets } from "./secrets.ts";

let own: SharedSecrets | undefined;

/**
 * The secrets of this server: those that all its workers have, or its own when it has none. A worker has them before it
 * listens.
 */
export function sharedSecrets(): SharedSecrets {
  return membership?.secrets ?? currentFleet()?.secrets ?? (own ??= renewedSecrets());
}
