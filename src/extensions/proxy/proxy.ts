import { Body } from "../../http/body.ts";
import type { Handler } from "../../http/handler.ts";
import { HttpError } from "../../http/http-error.ts";
import { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import { reasonOf } from "../../http/status.ts";
import { hopsLeft, PSEUDONYM, upstreamLines } from "./request-fields.ts";
import { type ProxyTimeouts, Upstream } from "./upstream.ts";
import type { UpstreamExchange, UpstreamHead } from "./upstream-exchange.ts";

/** How a {@link proxy} passes requests on. */
export interface ProxyOptions {
  /** What Host says to the upstream: what the client said, or the host of the target. Default: `"client"`. */
  readonly host?: "client" | "target" | undefined;
  /** How long the upstream may take, each in milliseconds. */
  readonly timeouts?: ProxyTimeouts | undefined;
}

/**
 * Has another server answer: passes requests on as they are and streams the responses back. RFC 9110 §7.6.
 *
 * The upstream learns of the client by Forwarded and X-Forwarded-For, -Host, -Proto, which say what the connection says:
 * whatever clients send by these names is dropped. The server's cache keeps responses as their fields say (RFC 9111).
 *
 * An upstream that cannot be reached or gives no valid answer is 502, one that is too slow 504. A response that breaks
 * off is broken off to the client, too.
 *
 * @param target `http:` or `https:` URL; a path in it goes before that of requests
 * @throws TypeError when the target is no such URL
 * @example
 * const app = arc().mount("/", proxy("http://127.0.0.1:3000"));
 */
export function proxy(target: string | URL, options: ProxyOptions = {}): Handler {
  const url = targetOf(target);
  const upstream = new Upstream(url, options.timeouts ?? {});
  const base = url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : url.pathname;
  return (request) => {
    // RFC 9110 §9.3.6: a tunnel to wherever the client says is not what this is for.
    if (request.method === "CONNECT") throw new HttpError(405, { fields: { allow: ALLOW } });
    if (request.target === "*" || hopsLeft(request) === 0) return ownAnswer(request);
    const host = options.host === "target" || request.host === "" ? url.host : request.host;
    return forward(request, upstream, base + request.target, host);
  };
}

const ALLOW = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

function targetOf(target: string | URL): URL {
  const url = new URL(target);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  if (isWeb && url.search === "" && url.hash === "" && url.username === "" && url.password === "") return url;
  throw new TypeError(`A proxy's target is an http: or https: URL without query or user, got ${url.href}`);
}

/** What is asked of this server itself: `OPTIONS *`, and requests that have no hop left. RFC 9110 §7.6.2, §9.3.7. */
function ownAnswer({ method, target }: Request): Response | Promise<Response> {
  if (method === "OPTIONS") return new Response(null, { status: 204, headers: { allow: ALLOW } });
  throw new HttpError(target === "*" ? 400 : 405, { fields: { allow: ALLOW } });
}

async function forward(request: Request, upstream: Upstream, path: string, host: string): Promise<Response> {
  const hasContent = Request.content(request) !== null;
  const headers = upstreamLines(request, host, hasContent);
  const sent = { method: request.method as "GET", path, headers, body: hasContent ? bodyOf(request) : null };
  const inform = (status: number, fields: UpstreamHead["headers"]): void => Request.inform(request, status, fields);
  const exchange = await upstream.send(sent, inform, request.signal);
  return responseOf(exchange, await exchange.head);
}

/** The content of a request: in one piece if it has come already. */
function bodyOf(request: Request): Buffer {
  const chunks = request.chunks();
  const whole = chunks instanceof Body ? chunks.takeWhole() : undefined;
  if (whole !== undefined) return whole as Buffer;
  // undici takes whatever can be iterated over, which its types do not say, but calls `read` where there is one.
  return { [Symbol.asyncIterator]: () => chunks[Symbol.asyncIterator]() } as unknown as Buffer;
}

function responseOf(exchange: UpstreamExchange, { status, statusText, headers }: UpstreamHead): Response {
  if (status > 599) {
    exchange.abort(new Error(`There is no status ${status}`));
    throw new HttpError(502, { detail: "The server behind this one gave no valid answer" });
  }
  headers.append("via", `1.1 ${PSEUDONYM}`);
  const response = new Response(null, {
    status,
    statusText: statusText === reasonOf(status) ? "" : statusText,
    headers,
    // Who has trailers to send says so beforehand. RFC 9110 §6.6.2.
    ...(headers.has("trailer") ? { trailers: () => exchange.trailers } : {}),
  });
  Response.parts.replaceContent(response, exchange.content());
  response.serverCache = "standard";
  return response;
}
