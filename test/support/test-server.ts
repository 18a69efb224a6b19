import assert from "node:assert/strict";
import type { LogFields, LogLevel } from "../../src/base/log.ts";
import type { Handler } from "../../src/http/handler.ts";
import { HTTP_LIMITS, type HttpLimits } from "../../src/http/http-limits.ts";
import { HttpServer } from "../../src/http/http-server.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import { DEFAULT_LIMITS, type PhaseLimits, Watchdog } from "../../src/transport/watchdog.ts";
import { FakeClock } from "./fake-clock.ts";
import { RawClient, turns } from "./raw-client.ts";

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** The HTTP engine over connections in memory, under a clock that only moves when told. */
export interface TestServer {
  readonly http: HttpServer;
  readonly clock: FakeClock;
  readonly log: LogEntry[];
  /** Opens a connection. */
  connect(remoteAddress?: string): RawClient;
  /** Lets time pass, then everything that it set off come to rest. */
  pass(milliseconds: number): Promise<void>;
}

export function testServer(
  handler: Handler,
  limits: Partial<HttpLimits> = {},
  phases: Partial<PhaseLimits> = {},
  isCrowded: () => boolean = () => false,
): TestServer {
  const clock = new FakeClock();
  const log: LogEntry[] = [];
  const http = new HttpServer({
    handler,
    limits: { ...HTTP_LIMITS, ...limits },
    phases: { ...DEFAULT_LIMITS, ...phases },
    watchdog: new Watchdog(clock),
    log: { write: (level, message, fields) => log.push({ level, message, fields }) },
    isCrowded,
  });
  return {
    http,
    clock,
    log,
    connect(remoteAddress) {
      const [server, client] = memoryPair(remoteAddress);
      const raw = new RawClient(client, watchWrites(server));
      http.accept(server);
      return raw;
    },
    async pass(milliseconds) {
      clock.advance(milliseconds);
      await turns();
    },
  };
}

/** What the server did with its end. */
export interface ServerEnd {
  /** What was written, one entry for what leaves with one system call. */
  readonly writes: string[];
  paused: boolean;
  /** Octets that the client has not taken. */
  readonly unsent: () => number;
}

function watchWrites(server: Connection): ServerEnd {
  const watched: ServerEnd = { writes: [], paused: false, unsent: () => server.unsent };
  let corked: string[] | undefined;
  const { write, cork, uncork, pause, resume } = server;
  server.write = (data) => {
    const octets = typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    (corked ?? watched.writes).push(octets);
    return write.call(server, data);
  };
  server.cork = () => {
    assert.equal(corked, undefined, "corked twice");
    corked = [];
    cork.call(server);
  };
  server.uncork = () => {
    if (corked !== undefined && corked.length > 0) watched.writes.push(corked.join(""));
    corked = undefined;
    uncork.call(server);
  };
  server.pause = () => {
    watched.paused = true;
    pause.call(server);
  };
  server.resume = () => {
    watched.paused = false;
    resume.call(server);
  };
  return watched;
}
