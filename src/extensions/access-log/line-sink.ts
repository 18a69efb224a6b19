import { write } from "node:fs";
import type { Writable } from "node:stream";

/** Where lines end up. */
export interface LineSink {
  /** Writes text and says how many octets of it are written: all, fewer, or an error. Never called while it writes. */
  write(text: string, done: (error: NodeJS.ErrnoException | null, written: number) => void): void;
  /** Goes on in a new file of the same name. Not called while it writes. */
  reopen?(): void;
  close?(): void;
  /** Writes what is left when the process exits. */
  writeSync?(text: string): void;
}

/** A descriptor that stays open, such as 1. The thread pool writes: a full pipe holds up nobody but its log. */
export function descriptorSink(descriptor: number): LineSink {
  return { write: (text, done) => write(descriptor, text, null, "latin1", done) };
}

/** A stream of Node. */
export function streamSink(stream: Writable): LineSink {
  return {
    write: (text, done) => stream.write(text, "latin1", (error) => done(error ?? null, error ? 0 : text.length)),
  };
}
