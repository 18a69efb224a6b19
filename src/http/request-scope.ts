import { AsyncLocalStorage } from "node:async_hooks";
import type { MaybePromise } from "../base/maybe-promise.ts";
import type { Connection } from "../transport/connection.ts";
import type { Handler } from "./handler.ts";
import type { Request } from "./request.ts";
import type { Response } from "./response.ts";

const scopes = new AsyncLocalStorage<RequestScope>();

/**
 * What is done for the requests of one connection: it is found again in whatever they lead to, such as timers, callbacks
 * and promises that nobody waits for.
 *
 * One for a connection, not one for a request: a connection that takes its context is in the scope whenever it tells
 * something, while to enter one for each request takes 300 ns, of about 7 µs. So of what outlives its answer it is known
 * by which connection it was asked for, and the last request there.
 */
export class RequestScope {
  /** Of the last request. Not the request itself, which an idle connection need not keep. */
  method = "";
  path = "";

  /** @param connection what it says from now on, it says within this scope, if it can */
  constructor(connection: Pick<Connection, "takeContext">) {
    scopes.run(this, () => connection.takeContext?.());
  }

  /** Has a request answered within this scope. */
  run(handler: Handler, request: Request): MaybePromise<Response> {
    this.method = request.method;
    this.path = request.path;
    return scopes.getStore() === this ? handler(request) : scopes.run(this, handler, request);
  }
}

/** The scope that is at work; undefined outside of all requests. */
export function requestScope(): Pick<RequestScope, "method" | "path"> | undefined {
  return scopes.getStore();
}
