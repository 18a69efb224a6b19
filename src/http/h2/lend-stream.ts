import { serverStopping } from "../abort-reasons.ts";
import type { Upgrade } from "../upgrade.ts";
import type { StreamDuplex } from "./stream-duplex.ts";

/** A stream that somebody else has now. */
export interface LentStream {
  readonly duplex: StreamDuplex;
  /** The server stops: says so to whoever has the stream. */
  drain(): void;
}

/** Gives a stream to whoever answered with an upgrade. RFC 8441 §5. @param onError told what it throws in place of taking it */
export function lendStream(duplex: StreamDuplex, take: Upgrade, onError: (error: unknown) => void): LentStream {
  // One for each stream: listeners on one of the whole server would outlive the streams that they are for.
  const draining = new AbortController();
  try {
    take(duplex, draining.signal);
  } catch (error) {
    onError(error);
    duplex.destroy();
  }
  return { duplex, drain: () => draining.abort(serverStopping()) };
}
