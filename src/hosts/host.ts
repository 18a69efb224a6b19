import { callerPlace, MillraceError, type SourcePlace } from "../base/errors.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { NotFoundError } from "../http/http-error.ts";
import type { Answer } from "../http/make.ts";
import type { Request } from "../http/request.ts";
import { ErrorHandlers } from "../pipeline/errors.ts";
import { type InScope, inScope } from "../pipeline/scope.ts";
import { byPriority, type Extension, pipeline } from "../pipeline/stages.ts";
import { faultOfTlsOptions } from "../tls/check-tls-options.ts";
import type { HostTlsOptions } from "../tls/tls-options.ts";
import { Arc } from "./arc.ts";
import { ANY_METHOD } from "./claims.ts";
import { answering, compileArc, type Preparing } from "./compile-arc.ts";
import { errorPageOf } from "./error-page-of.ts";
import { HandlersManager, type TrailingSlash } from "./handlers-manager.ts";
import { type HostPattern, parseHostPattern } from "../fields/host-pattern.ts";
import { parsePattern } from "./pattern.ts";
import { faultOfHttpsOnly, httpsOnly, type HttpsOnlyOptions } from "./https-only.ts";
import { Upgrades } from "./upgrades.ts";

/** How a host answers. */
export interface HostOptions {
  /** Further names and patterns. */
  readonly aliases?: readonly string[];
  /** Whether a page that is not found here is not looked for in the host `any` either. Default false. */
  readonly noFallback?: boolean;
  /** What becomes of a path that only exists with a final slash, or only without. Default `"redirect"`. */
  readonly trailingSlash?: TrailingSlash;
  /**
   * Which of the extensions that a server gives to each of its hosts this one has: `false` for none, `{ csp: false }` for
   * all but that one. One with other options is given by `use()`, and takes the place of the default of its name.
   */
  readonly defaults?: boolean | { readonly [Name in DefaultName]?: boolean };
  /** A folder of scripts that a server runs, whose routes, extensions and upgrades are this host's. Default: none. */
  readonly autorun?: string;
  /** The host's certificates and what its clients show, where the server speaks TLS. Default: those of the server. */
  readonly tls?: HostTlsOptions;
  /**
   * Whether requests that came without TLS are redirected to it, and browsers told to remember that (HSTS). Default: false.
   *
   * Danger: behind a proxy that takes TLS off, every request came without, and is redirected for ever.
   */
  readonly httpsOnly?: boolean | HttpsOnlyOptions;
}

/** The extensions that a server gives to each of its hosts. */
export type DefaultName =
  | "allow-ips"
  | "cache-directive"
  | "csp"
  | "download"
  | "error-pages"
  | "hide"
  | "markdown"
  | "nonce"
  | "referrer-policy"
  | "security-fields"
  | "templates";

/** What a host is compiled for. */
export interface HostContext {
  /** The error handlers behind those of the host. */
  readonly errors: ErrorHandlers;
  readonly compress?: Layer | undefined;
  readonly cache?: Layer | undefined;
  /** Extensions that the host has unless it says otherwise. */
  readonly defaults?: readonly Extension[] | undefined;
  /** The port of the server's first listener with TLS, once it is known. */
  readonly securePort?: (() => number | undefined) | undefined;
}

/** A pattern of a host, and where it was given. */
export interface HostName {
  readonly pattern: HostPattern;
  readonly place: SourcePlace | undefined;
}

/**
 * A virtual host: an arc with names, extensions and upgrades.
 *
 * Names are exact (`example.com`), `*.example.com` (it and everything below), `~.example.com` (everything below),
 * `+.example.com` (one level below) or `any` (what no other host takes); the most specific wins.
 *
 * @example
 * const site = host("example.com", { aliases: ["www.example.com"] })
 *   .use(templates(), securityFields())
 *   .mount("/api", api)
 *   .mount("/", files("./public"));
 */
export class Host extends Arc {
  readonly #options: HostOptions;
  readonly #names: HostName[] = [];
  #extensions: readonly { readonly extension: Extension; readonly place: SourcePlace | undefined }[] = [];
  /** Names of default extensions that are not wanted. */
  readonly #unwanted = new Set<string>();
  #upgrades: Upgrades | undefined;

  /** @throws MillraceError `BAD_HOST`, `BAD_OPTION` */
  constructor(name: string, options: HostOptions = {}) {
    super();
    const { tls = {}, httpsOnly: secured = false } = options;
    const fault = faultOfTlsOptions(tls, "tls", true) ?? faultOfHttpsOnly(secured);
    if (fault !== undefined) throw new MillraceError("BAD_OPTION", fault, { place: callerPlace() });
    this.#options = options;
    this.alias(name, ...(options.aliases ?? []));
  }

  /** The name as it was given. */
  get name(): string {
    return this.#names[0]!.pattern.source;
  }

  /** All names and patterns, the first the one that the host was made with. */
  get names(): readonly HostName[] {
    return this.#names;
  }

  /** Whether a page that is not found here is not looked for in the host `any` either. */
  get noFallback(): boolean {
    return this.#options.noFallback === true;
  }

  /** The folder of its scripts, as given. */
  get autorun(): string | undefined {
    return this.#options.autorun;
  }

  /** Whether it redirects requests that came without TLS. */
  get isHttpsOnly(): boolean {
    return (this.#options.httpsOnly ?? false) !== false;
  }

  /** Its certificates, and what its clients show. */
  get tls(): HostTlsOptions | undefined {
    return this.#options.tls;
  }

  /** The extensions in the order that their stages run in, without those that a server adds. */
  get extensions(): readonly Extension[] {
    return this.extensionsBeside([]);
  }

  /** @internal The extensions and those of `defaults` that the host wants and has none of the same name of. */
  extensionsBeside(defaults: readonly Extension[]): readonly Extension[] {
    const own = this.#extensions.map(({ extension }) => extension);
    const wanted = this.#options.defaults ?? true;
    const names = new Set([...own.map(({ name }) => name), ...this.#unwanted]);
    const isMissing = ({ name }: Extension): boolean =>
      !names.has(name) && (typeof wanted === "boolean" ? wanted : wanted[name as DefaultName] !== false);
    return byPriority([...own, ...defaults.filter(isMissing)]);
  }

  /** Adds names. One that another host of the server has too is answered with 409. @throws MillraceError `BAD_HOST` */
  alias(...names: string[]): this {
    const place = callerPlace();
    this.#names.push(...names.map((name) => ({ pattern: parseHostPattern(name, place), place })));
    this.parts.changed();
    return this;
  }

  /** Adds extensions, also while requests come: the next one meets them. */
  use(...extensions: Extension[]): this {
    const place = callerPlace();
    this.#extensions = [...this.#extensions, ...extensions.map((extension) => ({ extension, place }))];
    for (const { name } of extensions) this.#unwanted.delete(name);
    this.parts.changed();
    return this;
  }

  /**
   * Removes extensions, each given as itself or by its name, those that the server adds included: the next request does not
   * meet them. They are not closed, since requests under way still meet them; who removes one closes it.
   */
  remove(...extensions: (Extension | string)[]): this {
    this.#extensions = this.#extensions.filter(
      ({ extension }) => !extensions.includes(extension) && !extensions.includes(extension.name),
    );
    for (const each of extensions) this.#unwanted.add(typeof each === "string" ? each : each.name);
    this.parts.changed();
    return this;
  }

  /**
   * Registers who takes a connection over when a client asks for a protocol by the Upgrade field. RFC 9110 §7.8.
   *
   * From then on a protocol that is not registered is answered with 404; a host without any ignores the field. The
   * request has met the extensions and the host's own `before`.
   *
   * @throws MillraceError `BAD_UPGRADE`
   */
  upgrade(token: string, handler: (request: Request) => Answer): this {
    this.#upgrades ??= new Upgrades();
    this.#upgrades.set(token, answering(handler));
    this.parts.changed();
    return this;
  }

  /** @internal As `use` does. @returns what takes it away again: then the default of its name is back */
  lend(extension: Extension): () => void {
    const wasUnwanted = this.#unwanted.has(extension.name);
    this.use(extension);
    const lent = this.#extensions.at(-1);
    return () => {
      this.#extensions = this.#extensions.filter((used) => used !== lent);
      if (wasUnwanted) this.#unwanted.add(extension.name);
      this.parts.changed();
    };
  }

  /** @internal As `upgrade` does. @returns what takes it away again */
  lendUpgrade(token: string, handler: (request: Request) => Answer): () => void {
    this.upgrade(token, handler);
    return () => {
      this.#upgrades!.delete(token);
      this.parts.changed();
    };
  }

  /** @internal */
  protected override compile(): Handler {
    return this.compileFor({ errors: new ErrorHandlers() });
  }

  /** @internal Folds the host with its extensions. */
  compileFor({ errors: outer, compress, cache, defaults = [], securePort = () => undefined }: HostContext): Handler {
    const { httpsOnly: secured = false } = this.#options;
    const beside = this.extensionsBeside(defaults);
    const extensions = secured === false ? beside : [...beside, httpsOnly(secured === true ? {} : secured, securePort)];
    const page = errorPageOf(extensions, this.parts);
    const errors = new ErrorHandlers(page === undefined ? outer : outer.withPages(page)).setAll(this.parts.errors);
    const { patterns, prepare } = this.#prepares(extensions);
    const { routes, redirects, layer } = compileArc(this.parts, errors, prepare);
    for (const { source, filter, handler, place } of patterns) {
      const pattern = parsePattern(source, place);
      const { shape, captures } = pattern;
      const value = layer(handler);
      routes.add(pattern, { method: ANY_METHOD, source, shape, captures, filter, place, value });
    }
    const { handle } = new HandlersManager({
      routes,
      redirects,
      upgrades: this.#upgrades === undefined || this.#upgrades.size === 0 ? undefined : this.#upgrades.within(layer),
      loader: prepare === undefined ? undefined : loaderOf(prepare, layer),
      trailingSlash: this.#options.trailingSlash,
    });
    const { answer, report } = errors;
    return pipeline(extensions, { handler: handle, answer, report, compress, cache });
  }

  /** What extensions prepare: by pattern, which makes routes of them, and by test. */
  #prepares(extensions: readonly Extension[]): { patterns: PreparedRoute[]; prepare: Preparing | undefined } {
    const patterns: PreparedRoute[] = [];
    const tests: { match: (request: Request) => boolean; handler: Handler }[] = [];
    for (const extension of extensions) {
      const place = this.#extensions.find((used) => used.extension === extension)?.place;
      const applies = extension.scope === undefined ? undefined : inScope(extension.scope);
      for (const { match, handler } of [extension.prepare ?? []].flat()) {
        const answer = answering(handler);
        if (typeof match === "string") patterns.push({ source: match, filter: applies, handler: answer, place });
        else if (applies === undefined) tests.push({ match, handler: answer });
        else tests.push({ match: (request) => applies(request) && match(request), handler: answer });
      }
    }
    const prepare: Preparing = (request) => tests.find(({ match }) => match(request))?.handler;
    return { patterns, prepare: tests.length === 0 ? undefined : prepare };
  }
}

interface PreparedRoute {
  readonly source: string;
  readonly filter: InScope | undefined;
  readonly handler: Handler;
  readonly place: SourcePlace | undefined;
}

/** What is prepared where no route is and nothing serves files. */
function loaderOf(prepare: Preparing, layer: Layer): Handler {
  const prepared = layer((request) => prepare(request)!(request));
  return (request) => {
    if (prepare(request) === undefined) throw new NotFoundError();
    return prepared(request);
  };
}

/**
 * A new host.
 *
 * @param name a name, `*.name`, `~.name`, `+.name` or `any`
 * @throws MillraceError `BAD_HOST`
 */
export function host(name: string, options?: HostOptions): Host {
  return new Host(name, options);
}
