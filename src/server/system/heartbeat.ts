import type { SystemdNotify } from "./systemd-notify.ts";

/**
 * Tells systemd that the server lives, twice as often as it wants to hear it. That the timer fires shows that this
 * process does; of workers it is enough that one answers, since one that does not is replaced by itself.
 *
 * @returns ends it
 */
export function startHeartbeat(notify: SystemdNotify, isAlive: () => boolean): () => void {
  if (notify.watchdog === undefined) return () => {};
  const beat = (): void => void (isAlive() && notify.alive());
  const timer = setInterval(beat, notify.watchdog / 2).unref();
  return () => clearInterval(timer);
}
