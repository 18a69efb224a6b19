/** How much an entry matters. `access` is one line per exchange. */
export type LogLevel = "debug" | "info" | "access" | "warn" | "error";

/** Named values of a log entry. Values that come from the network are escaped by the sink, never by the caller. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a server says what happened. Sinks never throw and never block. */
export interface Log {
  /** Records one entry. */
  write(level: LogLevel, message: string, fields?: LogFields): void;
}

/** A log that forgets. */
export const silentLog: Log = { write() {} };
