import { ResponseCache, type CacheOptions } from "../../src/cache/response-cache.ts";
import { formatHttpDate } from "../../src/fields/http-date.ts";
import { Request } from "../../src/http/request.ts";
import type { ServerCache } from "../../src/http/cache-preference.ts";
import { Response, type ResponseInit } from "../../src/http/response.ts";
import { FakeClock } from "./fake-clock.ts";

type Origin = (request: Request, call: number) => Response | Promise<Response>;

/** What a client saw of a response. */
export interface Seen {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers | Response["headers"];
  /** The value of Cache-Status. */
  readonly word: string;
}

/** An origin behind a cache, on a clock of its own. */
export class Cached {
  readonly clock: FakeClock = new FakeClock();
  readonly cache: ResponseCache;
  /** The requests that came through to the origin. */
  readonly calls: Request[] = [];
  origin: Origin;

  constructor(origin: Origin, options: CacheOptions = {}) {
    this.origin = origin;
    this.cache = new ResponseCache({ clock: this.clock, ...options });
  }

  /** An answer of another server, as a proxy gives it, dated now. */
  foreign(content: string | null, headers: Record<string, string> = {}, init: ResponseInit = {}): Response {
    const dated = { date: formatHttpDate(this.clock.wall()), ...headers };
    return preferring("standard", new Response(content, { ...init, headers: dated }));
  }

  /** Sends a request through the cache to the origin. */
  async send(
    path: string,
    headers: Record<string, string> = {},
    init: { method?: string; body?: string } = {},
  ): Promise<Seen> {
    const response = await this.respond(path, headers, init);
    const text = response.status === 304 ? "" : await response.text();
    return {
      status: response.status,
      text,
      headers: response.headers,
      word: response.headers.get("cache-status") ?? "",
    };
  }

  respond(path: string, headers: Record<string, string> = {}, init: { method?: string; body?: string } = {}) {
    const url = path.includes("://") ? path : `http://example.com${path}`;
    return this.#handle(new Request(url, { headers, ...init }));
  }

  get #handle() {
    return this.cache.layer((request) => {
      this.calls.push(request);
      return this.origin(request, this.calls.length);
    });
  }

  /** Lets time pass. */
  wait(seconds: number): void {
    this.clock.advance(seconds * 1000);
  }
}

/** The response with a preference for the server's cache. */
export function preferring(preference: ServerCache, response: Response): Response {
  response.serverCache = preference;
  return response;
}
