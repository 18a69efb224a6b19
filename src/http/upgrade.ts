import type { Duplex } from "node:stream";
import { Response } from "./response.ts";
import type { HeadersInit } from "./headers.ts";

/** Takes a connection over after 101 (Switching Protocols): it owns the stream from then on. */
export type Upgrade = (stream: Duplex) => void;

/**
 * Answers 101 and lends the connection itself. RFC 9110 §7.8.
 *
 * The session writes the head, then gives `take` a duplex stream that begins with the first octet after the request;
 * deadlines of HTTP no longer hold.
 *
 * @param protocol the token for the Upgrade field, such as `websocket`
 * @param take owns the stream
 * @param headers further fields of the 101 response
 * @example
 * arc().get("/echo", (request) => upgrade("echo", (stream) => stream.pipe(stream)));
 */
export function upgrade(protocol: string, take: Upgrade, headers: HeadersInit = {}): Response {
  const response = Response.switching(take, headers);
  response.headers.set("upgrade", protocol);
  return response;
}
