import type { Handler } from "../../src/http/handler.ts";
import { HTTP_LIMITS, type HttpLimits } from "../../src/http/http-limits.ts";
import { HttpServer } from "../../src/http/http-server.ts";
import { DEFAULT_LIMITS, Watchdog } from "../../src/transport/watchdog.ts";
import { silentLog } from "../../src/base/log.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeConnection } from "./fake-connection.ts";

/** What a client saw of a connection. */
export interface Outcome {
  /** All that was sent to it but the Date fields and 100 (Continue), which depend on when octets come. */
  readonly answers: string;
  /** Whether the server has ended the connection. */
  readonly closed: boolean;
}

/** An HTTP server for many conversations, each on a connection of its own. */
export function conversations(
  handler: Handler,
  limits: Partial<HttpLimits> = {},
): (pieces: readonly Buffer[], halfClose: boolean) => Promise<Outcome> {
  const http = new HttpServer({
    handler,
    limits: { ...HTTP_LIMITS, ...limits },
    phases: DEFAULT_LIMITS,
    watchdog: new Watchdog(new FakeClock()),
    log: silentLog,
  });
  return async (pieces, halfClose) => {
    const connection = new FakeConnection();
    http.accept(connection);
    for (const piece of pieces) {
      connection.receive(piece);
      await turn();
    }
    if (halfClose && !connection.ended && !connection.destroyed) {
      connection.handler.onEnd();
      await turn();
    }
    const outcome = {
      answers: connection.written.replace(VARYING, ""),
      closed: connection.ended || connection.destroyed,
    };
    connection.handler.onClose();
    return outcome;
  };
}

const VARYING = /date: [^\r]*\r\n|HTTP\/1\.1 100 Continue\r\n\r\n/g;

/** Every promise that can go on has done so. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
