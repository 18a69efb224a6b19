import type { Log } from "../../base/log.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import { HTTP_LIMITS } from "../../http/http-limits.ts";
import { HttpServer } from "../../http/http-server.ts";
import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import type { Connection, ListenAddress, Listener } from "../../transport/connection.ts";
import { isLoopback } from "../../transport/network.ts";
import type { ListenWhere } from "../../transport/tcp.ts";
import { DEFAULT_LIMITS, Watchdog } from "../../transport/watchdog.ts";
import { openPlace, type OpenPlace } from "../listen-everywhere.ts";
import { type ListenOption, parseListen } from "../listen-option.ts";
import { holdBeside } from "../workers/enrolment.ts";
import type { Holding } from "../workers/holding.ts";

/** The server that an {@link Admin} tells of. */
export interface Administered {
  /** What it is doing: `listening` when it takes requests. */
  readonly state: string;
  /** How many workers take connections, and how many there are; undefined without workers. */
  readonly workers: { readonly ready: number; readonly of: number } | undefined;
  /** As the control socket tells it. */
  status(): MaybePromise<unknown>;
}

/** What its socket is called at a handover. */
const KEY = "admin";

const HOST = "127.0.0.1";

/** Answers on a listener of its own how a server is: for probes and load balancers, never for the public. */
export class Admin {
  readonly address: ListenAddress;
  readonly #listener: Listener;
  readonly #http: HttpServer;
  readonly #letGo: () => void;

  private constructor(place: OpenPlace, http: HttpServer) {
    this.address = place.address;
    this.#listener = place;
    this.#http = http;
    this.#letGo = holdBeside({ holding: place.holding!, leave: () => this.#leave() });
  }

  /**
   * @param inherited what another process has left for an address
   * @throws {MillraceError} as any listener does
   */
  static async open(
    option: ListenOption,
    subject: Administered,
    log: Log,
    inherited: (key: string) => Holding | undefined = () => undefined,
  ): Promise<Admin> {
    const where = adminPlace(option);
    const isPrivate = "port" in where && isLoopbackHost(where.host ?? "");
    const http = new HttpServer({
      handler: (request) => (isPrivate && !isOwnHost(request.host) ? plain(421, "not here") : answer(request, subject)),
      limits: HTTP_LIMITS,
      phases: DEFAULT_LIMITS,
      watchdog: new Watchdog(),
      log,
    });
    const onConnection = (connection: Connection): void => http.accept(connection);
    return new Admin(await openPlace(KEY, where, onConnection, { settings: {}, inherited }), http);
  }

  /** Another process answers from now on. */
  async #leave(): Promise<void> {
    await this.#listener.close();
    void this.#http.leave();
  }

  /** The last to go: until then it says that the server is not ready any more. */
  async close(): Promise<void> {
    this.#letGo();
    await this.#listener.close();
    this.#http.abort();
  }
}

/** A port alone is one of this machine, unlike that of a listener for everybody. */
function adminPlace(option: ListenOption): ListenWhere {
  const where = parseListen(option);
  const isBare = typeof option === "number" || (typeof option === "string" && !option.includes(":"));
  return isBare && "port" in where ? { ...where, host: HOST } : where;
}

function isLoopbackHost(host: string): boolean {
  return host === "localhost" || isLoopback(host);
}

/** A page on the web may have its own name lead to this machine; it would be named here. */
function isOwnHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return isLoopbackHost(name);
}

function answer(request: Request, subject: Administered): Response | Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plain(405, "GET or HEAD", { allow: "GET, HEAD" });
  }
  switch (request.path) {
    case "/livez":
      return plain(200, "ok");
    case "/readyz":
      return readiness(request, subject);
    case "/status":
      return status(subject);
    default:
      return plain(404, "/livez, /readyz and /status are here");
  }
}

function readiness(request: Request, { state, workers }: Administered): Response {
  const isReady = state === "listening" && (workers === undefined || workers.ready > 0);
  const code = isReady ? 200 : 503;
  if (request.query.has("verbose"))
    return json(code, { ready: isReady, checks: { state, ...(workers && { workers }) } });
  const why = state === "listening" ? "no worker is ready" : state;
  return plain(code, isReady ? "ok" : `not ready: ${why}`);
}

async function status(subject: Administered): Promise<Response> {
  return json(200, await subject.status());
}

function plain(code: number, text: string, headers: Record<string, string> = {}): Response {
  const init = { status: code, headers: { ...headers, "cache-control": "no-store" } };
  return Response.of(`${text}\n`, "text/plain; charset=utf-8", init);
}

function json(code: number, value: unknown): Response {
  const init = { status: code, headers: { "cache-control": "no-store" } };
  return Response.of(`${JSON.stringify(value)}\n`, "application/json", init);
}
