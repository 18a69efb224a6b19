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

export interface ExchangeOptions {
  /** How many responses are waited for. */
  readonly enough: number;
  readonly isHead?: boolean;
  /** Milliseconds that the server may take to answer or to close. */
  readonly patience?: number;
}

/** How long one waits for a response too many, or for the end of the connection, once there are enough. */
const AFTERMATH = 25;

/**
 * Writes octets (latin1) to a port of this machine and reads until the server ends the connection, until enough responses
 * are there, or until patience is over. Pieces after the first are written once the first is answered.
 */
export function exchange(port: number, pieces: readonly string[], options: ExchangeOptions): Promise<Exchanged> {
  const { enough, isHead = false, patience = 1000 } = options;
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
    const timer = setTimeout(finish, patience);
    const waiting = [...pieces];
    const write = (): void => {
      const piece = waiting.shift();
      if (piece !== undefined && socket.writable) socket.write(Buffer.from(piece, "latin1"));
    };
    const read = (): void => {
      try {
        for (let next = reader.next(isHead); next !== undefined; next = reader.next(isHead)) responses.push(next);
      } catch (error) {
        malformed = String(error);
      }
      if (closed || malformed !== undefined) finish();
      else if (responses.length >= enough) {
        write();
        setTimeout(finish, AFTERMATH);
      }
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
    write();
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
