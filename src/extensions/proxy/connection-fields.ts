import { hasToken } from "../../fields/token-list.ts";
import type { Headers } from "../../http/headers.ts";

/** RFC 9110 §7.6.1: fields of one connection alone, whether or not Connection names them. */
const OF_CONNECTION = new Set(["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"]);

/** Whether a field ends at this hop: by itself, or because Connection names it. */
export function isOfConnection(name: string, connection: string | undefined): boolean {
  return OF_CONNECTION.has(name) || (connection !== undefined && hasToken(connection, name));
}

/** The value of Connection, or undefined when it names no other field. */
export function connectionOf(headers: Headers): string | undefined {
  const value = headers.get("connection");
  return value === null || value === "keep-alive" || value === "close" ? undefined : value;
}
