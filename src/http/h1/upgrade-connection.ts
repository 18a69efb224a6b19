import type { Connection } from "../../transport/connection.ts";
import { duplexOf } from "../../transport/duplex.ts";
import type { Response } from "../response.ts";
import type { Upgrade } from "../upgrade.ts";
import { encodeHead } from "./encoder.ts";
import type { Output } from "./output.ts";

/** Who wants to know what becomes of a lent connection. */
export interface UpgradeEvents {
  /** Whoever was to take the connection has thrown instead. */
  onError(error: unknown): void;
  /** The connection is gone. */
  onClose(): void;
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
): void {
  output.text(encodeHead(response, "none", ""));
  output.flush();
  connection.pause();
  // The session may be in the middle of a read: what it has not read is held when this turn is over.
  queueMicrotask(() => {
    const stream = duplexOf(connection, takeHeld());
    stream.once("close", events.onClose);
    connection.resume();
    try {
      take(stream);
    } catch (error) {
      events.onError(error);
      stream.destroy();
    }
  });
}
