import { connect } from "node:net";
import { ResponseReader, type WireResponse } from "./responses.ts";

/** What came back on a connection of its own. */
export interface Exchanged {
  readonly responses: readonly WireResponse[];
  /** Whether the server ended the connection. */
  readonly closed: boolean;
  /** What the octets were when they were no response. */
  readonly malformed: string | undefined;
}

/** Milliseconds that a server may take to answer or to close. */
const PATIENCE = 1000;

/**
 * Writes octets to a port of this machine and reads until the server ends the connection, until `enough` responses are
 * there, or until nothing has come for a while.
 */
export function exchange(port: number, octets: string | Uint8Array, enough: number): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const reader = new ResponseReader();
    const responses: WireResponse[] = [];
    let malformed: string | undefined;
    let closed = false;
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ responses, closed, malformed });
    };
    const timer = setTimeout(finish, PATIENCE);
    const read = (): void => {
      try {
        for (let next = reader.next(); next !== undefined; next = reader.next()) responses.push(next);
      } catch (error) {
        malformed = String(error);
      }
      if (closed || malformed !== undefined) finish();
      // One turn more shows a response too many or a connection that is ended.
      else if (responses.length >= enough) setTimeout(finish, 20);
    };
    const end = (): void => {
      closed = true;
      reader.end();
      read();
    };
    socket.on("data", (data) => {
      reader.push(data.toString("latin1"));
      read();
    });
    socket.on("end", end);
    socket.on("error", end);
    socket.write(typeof octets === "string" ? Buffer.from(octets, "latin1") : octets);
  });
}

/** Runs `work` for each item, a few at a time, and keeps the order. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>, width = 8): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
