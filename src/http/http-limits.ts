import type { HeadLimits } from "./h1/head-parser.ts";

/** What one client may ask of the server. Sizes in octets; `SECURITY.md` gives the reasons. */
export interface HttpLimits {
  /** The request line; above it 414. Default 8 KiB. */
  line: number;
  /** Request line and header section; above it 431. Default 16 KiB. */
  head: number;
  /** Field lines in a header section; above it 431. Default 100. */
  fields: number;
  /** Field lines in a trailer section; above it 431. Default 32. */
  trailerFields: number;
  /** A trailer section; above it 431. Default 8 KiB. */
  trailers: number;
  /** Content of a request however it is read; above it 413. Default unlimited: handlers that buffer have their own. */
  content: number;
  /** Content that `json()`, `text()`, `bytes()` and their kin take into memory; above it 413. Default 1 MiB. */
  buffered: number;
  /** Unread request content that is read and dropped to keep the connection. Default 64 KiB. */
  drain: number;
  /** Octets of further requests kept while one is being answered. Default 64 KiB. */
  backlog: number;
  /**
   * Requests on one connection, then it is closed. Default 10,000. A connection of HTTP/2 carries 100 at once and takes a
   * hundred times as many.
   */
  requests: number;
  /** Milliseconds that a connection lives, then the next answer closes it. Default one hour. */
  lifetime: number;
}

/** The defaults. */
export const HTTP_LIMITS: HttpLimits = {
  line: 8 * 1024,
  head: 16 * 1024,
  fields: 100,
  trailerFields: 32,
  trailers: 8 * 1024,
  content: Infinity,
  buffered: 1024 * 1024,
  drain: 64 * 1024,
  backlog: 64 * 1024,
  requests: 10_000,
  lifetime: 3_600_000,
};

/** The limits of a trailer section, in the parser's terms. */
export function trailerLimits(limits: HttpLimits): HeadLimits {
  return { line: 0, head: limits.trailers, fields: limits.trailerFields };
}
