import { silentLog } from "../base/log.ts";
import type { Log } from "../base/log.ts";
import type { Handler } from "../http/handler.ts";
import { HTTP_LIMITS } from "../http/http-limits.ts";
import { HttpServer } from "../http/http-server.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import type { ListenAddress, Listener } from "../transport/connection.ts";
import { listen } from "../transport/tcp.ts";
import { DEFAULT_LIMITS, Watchdog } from "../transport/watchdog.ts";
import { type App, handlerOf } from "./app.ts";
import { type ListenOption, parseListen } from "./listen-option.ts";

/** What a {@link WebServer} is made of. */
export interface ServerOptions {
  listen?: ListenOption | readonly ListenOption[];
  app?: App;
  log?: Log;
}

/** A web server: listens, and has handlers answer. */
export class WebServer {
  readonly #options: ServerOptions;
  readonly #http: HttpServer;
  readonly #handler: Handler;
  #listeners: Listener[] = [];

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#handler = handlerOf(options.app!);
    this.#http = new HttpServer({
      handler: this.#handler,
      limits: HTTP_LIMITS,
      phases: DEFAULT_LIMITS,
      watchdog: new Watchdog(),
      log: options.log ?? silentLog,
    });
  }

  get addresses(): ListenAddress[] {
    return this.#listeners.map(({ address }) => address);
  }

  async start(): Promise<this> {
    const options = [this.#options.listen ?? 8080].flat() as ListenOption[];
    for (const option of options) {
      this.#listeners.push(await listen(parseListen(option), (connection) => this.#http.accept(connection)));
    }
    return this;
  }

  async fetch(request: Request): Promise<Response> {
    return this.#handler(request);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await this.#http.close();
  }
}
