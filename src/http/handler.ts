import type { MaybePromise } from "../base/maybe-promise.ts";
import type { Request } from "./request.ts";
import type { Response } from "./response.ts";

/** The one concept: a request in, a response out, now or later. */
export type Handler = (request: Request) => MaybePromise<Response>;

/** What stands around a handler: cache, error pages, hosts, before and after are all layers. */
export type Layer = (next: Handler) => Handler;
