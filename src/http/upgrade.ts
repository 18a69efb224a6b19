import type { Duplex } from "node:stream";
import { Response } from "./response.ts";
import type { HeadersInit } from "./headers.ts";

/**
 * Takes a connection over after 101 (Switching Protocols): it owns the stream from then on.
 *
 * `draining` aborts when the server stops, or another process stands in for it: never before this function has returned.
 * Whoever listens says goodbye in its protocol and ends the stream. The server waits for that up to its deadline, 30 s by
 * default, and then destroys the stream.
 */
export type Upgrade = (stream: Duplex, draining: AbortSignal) => void;

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
 * arc().get("/echo", () =>
 *   upgrade("echo", (stream, draining) => {
 *     stream.pipe(stream);
 *     draining.addEventListener("abort", () => stream.unpipe().resume().end("bye\n"));
 *   }),
 * );
 */
export function upgrade(protocol: string, take: Upgrade, headers: HeadersInit = {}): Response {
  const response = Response.switching(take, headers);
  response.headers.set("upgrade", protocol);
  return response;
}

/** In place of 101 for a client that has not asked for its protocol. RFC 9110 §7.8, §15.5.22. */
export function upgradeRequired(switching: Response): Response {
  const protocol = switching.headers.get("upgrade") ?? "";
  return new Response(null, { status: 426, headers: { upgrade: protocol } });
}
