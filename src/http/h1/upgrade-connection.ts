import type { Connection } from "../../transport/connection.ts";
import { duplexOf } from "../../transport/duplex.ts";
import { serverStopping } from "../abort-reasons.ts";
import type { Response } from "../response.ts";
import type { Upgrade } from "../upgrade.ts";
import { encodeHead } from "./encoder.ts";
import type { Output } from "../output.ts";

/** Who wants to know what becomes of a lent connection. */
export interface UpgradeEvents {
  /** Whoever was to take the connection has thrown instead. */
  onError(error: unknown): void;
  /** The connection is gone. */
  onClose(): void;
}

/** How a lent connection goes on. */
export interface Lent {
  /** The server stops: says so to whoever has the connection. */
  drain(): void;
}

/**
 * Writes 101 and lends the connection to whoever answered with it. RFC 9110 §7.8.
 *
 * @param events hear what becomes of it
 * @param takeHeld gives the octets that came after the request, once the session has finished with what it was reading
 */
export function upgradeConnection(
  connection: Connection,
  output: Output,
  response: Response,
  take: Upgrade,
  takeHeld: () => Buffer | undefined,
  events: UpgradeEvents,
): Lent {
  output.text(encodeHead(response, "none", ""));
  output.flush();
  connection.pause();
  // One for each connection: listeners on one of the whole server would outlive the streams that they are for.
  const draining = new AbortController();
  let isTaken = false;
  let isDraining = false;
  // The session may be in the middle of a read: what it has not read is held when this turn is over.
  queueMicrotask(() => {
    // Not when the stream closes: who does not read all of it would be waited for for ever.
    const stream = duplexOf(connection, takeHeld(), events.onClose);
    connection.resume();
    try {
      take(stream, draining.signal);
    } catch (error) {
      events.onError(error);
      stream.destroy();
    }
    isTaken = true;
    if (isDraining) draining.abort(serverStopping());
  });
  return {
    drain() {
      isDraining = true;
      // A signal that has aborted already tells nobody who begins to listen.
      if (isTaken) draining.abort(serverStopping());
    },
  };
}
