import type { Log } from "../base/log.ts";
import type { Connection } from "../transport/connection.ts";
import type { PhaseLimits, Watchdog } from "../transport/watchdog.ts";
import { HeadParser } from "./h1/head-parser.ts";
import { Session as Session1 } from "./h1/session.ts";
import { PREFACE } from "./h2/frame.ts";
import { Session as Session2 } from "./h2/session.ts";
import { isClientGone } from "./client-gone.ts";
import { HttpError } from "./http-error.ts";
import type { Handler } from "./handler.ts";
import type { HttpLimits } from "./http-limits.ts";
import type { Request } from "./request.ts";
import { Response } from "./response.ts";

/** What an {@link HttpServer} works with. */
export interface HttpServerParts {
  readonly handler: Handler;
  readonly limits: HttpLimits;
  readonly phases: PhaseLimits;
  readonly watchdog: Watchdog;
  readonly log: Log;
  /** Whether connections are running out: idle ones are kept for a shorter time then. Default: never. */
  readonly isCrowded?: (() => boolean) | undefined;
  /** Told whose connections are not to be let in for so many milliseconds. */
  readonly onDrop?: ((address: string, milliseconds: number) => void) | undefined;
}

/** The HTTP conversation on one connection, as the server sees it. */
export interface HttpSession {
  /** No more is asked after what is under way; idle, it ends. The server is going away for good. */
  closeWhenIdle(): void;
  /** The server stops, or another stands in for it: whoever can be told now is told. */
  drain(): void;
  /** Ends it now. */
  abort(): void;
}

/** What was agreed on before HTTP began, in the words of ALPN. RFC 9113 §3.2. */
export type AgreedProtocol = "h2" | "http/1.1";

/**
 * Speaks HTTP on connections that are given to it and has a handler answer.
 *
 * It is the last resort: whatever the handler throws, the client gets an answer and the server goes on.
 */
export class HttpServer {
  readonly limits: HttpLimits;
  readonly phases: PhaseLimits;
  readonly watchdog: Watchdog;
  /** The handler; may be swapped while the server runs. */
  handler: Handler;
  /** Reads every head that comes whole. */
  parser: HeadParser;
  /** Whether the server is stopping: each session's next answer closes it. */
  closing = false;
  /** Requests since the start. */
  requests = 0;
  /** Whether answers say that their connection closes. */
  leaving = false;
  readonly #log: Log;
  readonly #isCrowded: (() => boolean) | undefined;
  readonly #onDrop: HttpServerParts["onDrop"];
  readonly #sessions = new Set<HttpSession>();
  /** Made by `close`; resolves when no session is left. */
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(parts: HttpServerParts) {
    this.handler = parts.handler;
    this.limits = parts.limits;
    this.phases = parts.phases;
    this.watchdog = parts.watchdog;
    this.#log = parts.log;
    this.#isCrowded = parts.isCrowded;
    this.#onDrop = parts.onDrop;
    this.parser = new HeadParser(parts.limits);
  }

  /** Whether connections are running out. */
  get isCrowded(): boolean {
    return this.#isCrowded !== undefined && this.#isCrowded();
  }

  /** How many sessions there are. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /**
   * Begins a session on a connection.
   *
   * @param agreed what was agreed on, as by ALPN; without it the client says by what it sends first
   */
  accept(connection: Connection, agreed?: AgreedProtocol): void {
    const session =
      agreed === "h2" ? new Session2(this, connection) : new Session1(this, connection, agreed === undefined);
    this.#sessions.add(session);
  }

  /**
   * A client that knows that HTTP/2 is spoken here has begun to. RFC 9113 §3.3.
   *
   * @param octets the first that came, borrowed
   * @returns whether that is so: another session has taken over
   */
  switchToHttp2(session: HttpSession, connection: Connection, octets: Buffer): boolean {
    if (octets.toString("latin1", 0, PREFACE.length) !== PREFACE.slice(0, octets.length)) return false;
    const next = new Session2(this, connection);
    this.#sessions.add(next);
    this.forget(session);
    next.onData(octets);
    return true;
  }

  /** A session needs a parser for itself: the shared one has read a part of its head. */
  lendParser(): HeadParser {
    const parser = this.parser;
    this.parser = new HeadParser(this.limits);
    return parser;
  }

  /** A bare answer for what no error handler has answered: the status of an HttpError, 500 for all else. */
  lastResort(error: unknown, request: Request): Response {
    try {
      if (error instanceof HttpError) {
        const { status, message, fields: headers } = error;
        return Response.of(`${message}\n`, "text/plain; charset=utf-8", { status, headers });
      }
      this.report(error, request);
    } catch (wrong) {
      // The fields of an HttpError may be no fields.
      this.report(wrong, request);
    }
    return Response.of("Internal Server Error\n", "text/plain; charset=utf-8", { status: 500 });
  }

  /** Says what went wrong in an exchange. A client that goes away must not be able to fill the log of errors. */
  report(error: unknown, request: Request): void {
    this.#log.write(isClientGone(error, request) ? "debug" : "error", messageOf(error), {
      error,
      method: request.method,
      path: request.path,
    });
  }

  /** A client asks for so much that it is not to be let in for a while. */
  drop(address: string, milliseconds: number): void {
    this.#onDrop?.(address, milliseconds);
    this.#log.write("debug", "A client was dropped", { remoteAddress: address, milliseconds });
  }

  /** Reports what was queued for the end of an exchange and failed. */
  readonly onCleanupError = (error: unknown): void => {
    this.#log.write("error", "Work queued for the end of a request failed", { error });
  };

  /** Reports an upgrade that threw instead of taking the connection. */
  readonly onUpgradeError = (error: unknown): void => {
    this.#log.write("error", "An upgrade failed to take its connection", { error });
  };

  /** Says that a client broke the rules: its business, not the operator's. */
  reportFault(reason: string, connection: Connection, status?: number): void {
    const { remoteAddress } = connection;
    this.#log.write("debug", reason, status === undefined ? { remoteAddress } : { status, remoteAddress });
  }

  /** A session is over. */
  forget(session: HttpSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#closed?.resolve();
  }

  /**
   * Ends all sessions as soon as they are idle; each one's last answer says so. Resolves when none is left.
   *
   * Sessions without an exchange are closed at once: the server is going away for good.
   */
  close(): Promise<void> {
    this.closing = true;
    const isOver = this.leave();
    for (const session of this.#sessions) session.closeWhenIdle();
    return isOver;
  }

  /**
   * Each session's next answer is its last, and says so. Resolves when none is left.
   *
   * Idle sessions of HTTP/1.1 wait for their next request, or for their deadline: to close one loses the request that is
   * perhaps on its way to it already. Those of HTTP/2 are told. Upgraded connections are told, and end when whoever has
   * them is done. For a server that another one stands in for.
   */
  leave(): Promise<void> {
    this.leaving = true;
    this.#closed ??= Promise.withResolvers();
    for (const session of this.#sessions) session.drain();
    if (this.#sessions.size === 0) this.#closed.resolve();
    return this.#closed.promise;
  }

  /** Ends all sessions now. */
  abort(): void {
    for (const session of this.#sessions) session.abort();
  }
}

/** Anything may be thrown, also what cannot be described. */
function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "Something was thrown that cannot be described";
  }
}
