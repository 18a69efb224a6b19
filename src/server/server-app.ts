import type { SourcePlace } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { compression } from "../cache/compression.ts";
import { ResponseCache } from "../cache/response-cache.ts";
import type { Hosts } from "../hosts/hosts.ts";
import { isClientGone } from "../http/client-gone.ts";
import type { Layer } from "../http/handler.ts";
import { HTTP_LIMITS } from "../http/http-limits.ts";
import { HttpServer } from "../http/http-server.ts";
import type { Request } from "../http/request.ts";
import type { Extension } from "../pipeline/stages.ts";
import type { AcceptLimits } from "../transport/accept-limits.ts";
import { DEFAULT_LIMITS, Watchdog } from "../transport/watchdog.ts";
import { fold, type Folded } from "./app.ts";
import { PageHook } from "./development/page-hook.ts";
import type { Life } from "./life.ts";
import type { ServerOptions } from "./options.ts";
import { membership } from "./workers/membership.ts";
import { SharedDrops } from "./workers/shared-drops.ts";

/** What {@link ServerApp} is made from. */
export interface ServerAppInit {
  readonly options: ServerOptions;
  readonly development: boolean;
  readonly life: Life;
  readonly accept: AcceptLimits;
  readonly log: Log;
  readonly place: SourcePlace | undefined;
}

/** What a server answers with: its hosts or its app, behind the cache and extensions, and who speaks HTTP for them. */
export class ServerApp {
  /** Undefined when one handler or app answers everything. */
  readonly hosts: Hosts | undefined;
  readonly cache: ResponseCache | undefined;
  readonly http: HttpServer;
  /** In development alone. */
  readonly hook: PageHook | undefined;
  readonly #within: Folded["within"];
  #extensions: readonly Extension[];
  #guard: Layer = (handler) => handler;
  #onChange: () => void = () => {};

  /** @throws {MillraceError} `BAD_OPTION`; what routes that conflict throw */
  constructor({ options, development, life, accept, log, place }: ServerAppInit) {
    const drops = new SharedDrops(accept, membership);
    const report = (error: unknown, request: Request): void => {
      this.http.report(error, request);
      if (!isClientGone(error, request)) life.failed(error, request);
    };
    this.cache = cacheOf(options.cache);
    this.hook = development ? new PageHook() : undefined;
    const compress = compressOf(options.compress);
    const between = { cache: this.cache?.layer, compress: this.hook?.within(compress) ?? compress };
    const { hosts, within } = fold(options, { development, report }, between, place, (handler) => {
      const inner = life.around(handler);
      return this.hook?.answering(inner) ?? inner;
    });
    this.hosts = hosts;
    this.#within = within;
    this.#extensions = options.extensions ?? [];
    this.http = new HttpServer({
      handler: within(this.#extensions),
      limits: { ...HTTP_LIMITS, ...options.limits },
      phases: { ...DEFAULT_LIMITS, ...options.timeouts },
      watchdog: new Watchdog(),
      log,
      isCrowded: () => accept.isCrowded,
      onDrop: (address, milliseconds) => drops.drop(address, milliseconds),
    });
  }

  /** Those around all hosts, which the next request meets. */
  get extensions(): readonly Extension[] {
    return this.#extensions;
  }

  /** @throws {MillraceError} `BAD_OPTION` when one of them prepares responses; `BAD_SCOPE` */
  set extensions(extensions: readonly Extension[]) {
    this.#fold(extensions);
    this.#onChange();
  }

  /** @param hear called when extensions, or hosts with theirs, come or go */
  watch(hear: () => void): void {
    this.#onChange = hear;
    if (this.hosts !== undefined) this.hosts.onChange = hear;
  }

  /** Those of the server and those of its hosts, each once. */
  get allExtensions(): Set<Extension> {
    const ofHosts = this.hosts?.list.flatMap(({ extensions }) => extensions) ?? [];
    return new Set([...this.#extensions, ...ofHosts]);
  }

  /** What has to be looked at before all else, in the place of what was before: the next request meets it. */
  guard(layer: Layer): void {
    this.#guard = layer;
    this.#fold(this.#extensions);
  }

  #fold(extensions: readonly Extension[]): void {
    this.http.handler = this.#guard(this.#within(extensions));
    this.#extensions = extensions;
  }
}

function cacheOf(cache: ServerOptions["cache"]): ResponseCache | undefined {
  if (cache === false) return undefined;
  return cache instanceof ResponseCache ? cache : new ResponseCache(typeof cache === "object" ? cache : {});
}

function compressOf(compress: ServerOptions["compress"]): Layer | undefined {
  return compress === false ? undefined : compression(typeof compress === "object" ? compress : {});
}
