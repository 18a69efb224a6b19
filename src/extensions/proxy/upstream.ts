import type * as undiciTypes from "undici";
import type { Client, Dispatcher, Pool } from "undici";
import { HttpError } from "../../http/http-error.ts";
import type { Headers } from "../../http/headers.ts";
import { UpstreamExchange } from "./upstream-exchange.ts";
import { UpstreamHealth } from "./upstream-health.ts";

/** How long the upstream may take, in milliseconds. */
export interface ProxyTimeouts {
  /** Until a connection stands. Default: 3,000. */
  readonly connect?: number | undefined;
  /** From the end of the request to the head of the response. Default: 30,000. */
  readonly firstByte?: number | undefined;
  /** Without an octet of the response's content. Default: 30,000. */
  readonly idle?: number | undefined;
}

/** Milliseconds for which a connection is kept for the next request: many servers close theirs after 5 seconds. */
const KEEP_ALIVE = 3_000;

/** What undici says when a connection breaks off. */
const BROKEN = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** A server behind this one, and the connections to it. */
export class Upstream {
  readonly #origin: string;
  readonly #health: UpstreamHealth;
  readonly #servername: string | undefined;
  readonly #options: Client.Options;
  readonly #undici: Promise<typeof undiciTypes>;
  #pool: Pool | undefined;

  constructor(
    { origin, protocol, hostname }: URL,
    { connect = 3_000, firstByte = 30_000, idle = 30_000 }: ProxyTimeouts,
  ) {
    this.#origin = origin;
    this.#health = new UpstreamHealth(origin);
    // The certificate is that of the upstream, whatever Host says.
    this.#servername = protocol === "https:" ? hostname : undefined;
    this.#options = {
      connect: { timeout: connect },
      headersTimeout: firstByte,
      bodyTimeout: idle,
      keepAliveTimeout: KEEP_ALIVE,
      keepAliveMaxTimeout: KEEP_ALIVE,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: 64 * 1024,
    };
    // Only who has a proxy pays for loading it (30 ms), and not with the first request.
    this.#undici = import("undici");
    this.#undici.catch(() => {});
  }

  /**
   * Sends a request.
   *
   * A connection that was kept may have been closed by the upstream meanwhile: what may be repeated is sent once more,
   * on a new connection, if nothing of an answer had come. RFC 9112 §9.3.1.
   *
   * @returns the exchange, once the head of its response has come
   * @throws HttpError 502 or 504
   */
  send(
    request: Pick<Dispatcher.DispatchOptions, "method" | "path" | "headers" | "body">,
    inform: (status: number, headers: Headers) => void,
    signal: AbortSignal,
  ): Promise<UpstreamExchange> {
    return this.#health.watch(this.#send(request, inform, signal), (error) => !signal.aborted && isGatewayError(error));
  }

  async #send(
    request: Pick<Dispatcher.DispatchOptions, "method" | "path" | "headers" | "body">,
    inform: (status: number, headers: Headers) => void,
    signal: AbortSignal,
  ): Promise<UpstreamExchange> {
    const options = { ...request, servername: this.#servername } as Dispatcher.DispatchOptions;
    const undici = await this.#undici;
    this.#pool ??= new undici.Pool(this.#origin, this.#options);
    const first = new UpstreamExchange(inform);
    this.#pool.dispatch(options, first);
    try {
      return await answered(first, signal);
    } catch (error) {
      if (signal.aborted || !mayRepeat(request, first, error)) throw failure(error);
    }
    const client = new undici.Client(this.#origin, this.#options);
    const second = new UpstreamExchange(inform);
    client.dispatch({ ...options, reset: true }, second);
    client.close().catch(() => {});
    try {
      return await answered(second, signal);
    } catch (error) {
      throw failure(error);
    }
  }
}

/** Waits for the head; the client's going away ends the exchange then and later. */
async function answered(exchange: UpstreamExchange, signal: AbortSignal): Promise<UpstreamExchange> {
  const onAbort = (): void => exchange.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  await exchange.head;
  return exchange;
}

function mayRepeat(
  { method, body }: Pick<Dispatcher.DispatchOptions, "method" | "body">,
  { hasBegun }: UpstreamExchange,
  error: unknown,
): boolean {
  if (hasBegun || body !== null || !IDEMPOTENT.has(method)) return false;
  const { code, socket } = error as { code?: string; socket?: { bytesRead?: number } };
  // A new connection that breaks off is no matter of timing.
  return BROKEN.has(code ?? "") && socket?.bytesRead !== 0;
}

/** Whether it is the upstream that has failed, not the request's own content. */
function isGatewayError(error: unknown): boolean {
  return error instanceof HttpError && (error.status === 502 || error.status === 504);
}

/** What the client is told when the upstream has not answered. */
function failure(cause: unknown): HttpError {
  // The request's own content broke off, or was too large.
  if (cause instanceof HttpError) return cause;
  const { code = "" } = cause as { code?: string };
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return new HttpError(504, { detail: "The server behind this one could not be reached in time", cause });
    case "UND_ERR_HEADERS_TIMEOUT":
      return new HttpError(504, { detail: "The server behind this one did not answer in time", cause });
    case "ECONNREFUSED":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return new HttpError(502, { detail: "The server behind this one cannot be reached", cause });
    default: {
      const detail = BROKEN.has(code)
        ? "The server behind this one broke off the connection before it answered"
        : "The server behind this one gave no valid answer";
      return new HttpError(502, { detail, cause });
    }
  }
}
