import { DEAF } from "../../src/transport/connection.ts";
import type { Connection } from "../../src/transport/connection.ts";

/** Greets a connection and keeps it until the other end leaves. */
export function welcome(connection: Connection): void {
  connection.handler = { ...DEAF, onEnd: () => connection.end() };
  connection.write("welcome");
}
