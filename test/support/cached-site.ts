import { ResponseCache } from "../../src/cache/response-cache.ts";
import type { Handler } from "../../src/http/handler.ts";
import type { Request } from "../../src/http/request.ts";
import type { ServerCache } from "../../src/http/cache-preference.ts";
import { Response } from "../../src/http/response.ts";
import { turns } from "./raw-client.ts";
import type { WireResponse } from "./responses.ts";
import { type TestServer, testServer } from "./test-server.ts";

/** The authority of the site. */
export const SITE = "example.com";

/** The whole of HTTP/1.1 and the cache in front of an origin, over connections in memory, under a clock that stands still. */
export class CachedSite {
  readonly cache: ResponseCache;
  /** Targets of the requests that came through to the origin. */
  readonly calls: string[] = [];
  readonly #server: TestServer;
  readonly #clock: TestServer["clock"];

  constructor(origin: Handler) {
    const handler: Handler = (request) => {
      this.calls.push(`${request.method} ${request.target}`);
      return origin(request);
    };
    // The cache needs the clock of the server, whose handler it is.
    const late: { handler?: Handler } = {};
    this.#server = testServer((request) => late.handler!(request));
    this.#clock = this.#server.clock;
    this.cache = new ResponseCache({ clock: this.#clock });
    late.handler = this.cache.layer(handler);
  }

  /** What comes back first on a connection of its own; undefined when the server ends it without a word. */
  async send(octets: string): Promise<WireResponse | undefined> {
    const client = this.#server.connect();
    client.send(octets);
    await turns();
    return client.poll(octets.startsWith("HEAD "));
  }

  /** All that comes back on a connection of its own. */
  async sendAll(octets: string): Promise<WireResponse[]> {
    const client = this.#server.connect();
    client.send(octets);
    await turns();
    const responses: WireResponse[] = [];
    const isHead = octets.startsWith("HEAD ");
    for (let next = client.poll(isHead); next !== undefined; next = client.poll()) responses.push(next);
    return responses;
  }

  /** Lets seconds pass. */
  async wait(seconds: number): Promise<void> {
    await this.#server.pass(seconds * 1000);
  }
}

/** A request as octets: `target`, more field lines, and content that is written as it is. */
export function get(target: string, lines: readonly string[] = [], content = ""): string {
  return request("GET", target, lines, content);
}

export function request(method: string, target: string, lines: readonly string[] = [], content = ""): string {
  const hasHost = lines.some((line) => line.toLowerCase().startsWith("host:"));
  const host = hasHost ? [] : [`Host: ${SITE}`];
  return `${[`${method} ${target} HTTP/1.1`, ...host, ...lines].join("\r\n")}\r\n\r\n${content}`;
}

/** All that an origin could make its answer of. Preconditions are left out: the cache itself sends some. */
export async function mirror(seen: Request<unknown>): Promise<string> {
  const { method, target, path, host, secure } = seen;
  const fields = [...seen.headers].filter(([name]) => !name.startsWith("if-"));
  return JSON.stringify({ method, target, path, host, secure, fields, content: await seen.text() });
}

/** A response with a preference for the server's cache. */
export function kept(
  preference: ServerCache,
  content: string,
  headers: Record<string, string> = {},
  status = 200,
): Response {
  const response = new Response(content, { status, headers });
  response.serverCache = preference;
  return response;
}
