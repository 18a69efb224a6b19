// Written by scripts/public-api.ts: the names that users can import.

declare module "millrace" {
  interface AccessLog extends Extension {
      flush(): Promise<void>;
      reopen(): Promise<void>;
      close(): Promise<void>;
  }
  interface AccessLogOptions {
      readonly format?: "text" | "json" | "journal" | undefined;
      readonly to?: string | Writable | undefined;
      readonly rotate?: Rotation | undefined;
  }
  interface AcmeOptions {
      readonly agree: boolean;
      readonly email?: string | readonly string[] | undefined;
      readonly directory?: string | undefined;
      readonly challenge?: Exclude<ChallengeKind, "dns-01"> | DnsProvider | undefined;
      readonly names?: readonly string[] | undefined;
      readonly onDemand?: OnDemandOptions | undefined;
      readonly storage?: string | CertificateStorage | undefined;
      readonly externalAccount?: ExternalAccount | undefined;
      readonly profile?: string | undefined;
      readonly preferredChain?: string | undefined;
      readonly authority?: string | undefined;
      readonly resolvers?: readonly string[] | undefined;
  }
  interface AddTask {
      (task: Task): void;
      (name: string, run: (run: TaskRun) => MaybePromise<unknown>): void;
      (name: string, options: TaskOptions, run: (run: TaskRun) => MaybePromise<unknown>): void;
  }
  type After = (response: Response, request: Request) => MaybePromise<Answered>;
  interface AllowIpsOptions {
      readonly status?: 403 | 404 | undefined;
  }
  type Answer = string | number | boolean | object | null;
  type Answered = Response | globalThis.Response | void;
  type App = ((request: Request) => Answer) | FetchApp;
  class Arc {
      #private;
      readonly parts: ArcParts;
      constructor();
      get<P extends string>(pattern: P, handler: RouteHandler<P>): this;
      get<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
      head<P extends string>(pattern: P, handler: RouteHandler<P>): this;
      head<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
      post<P extends string>(pattern: P, handler: RouteHandler<P>): this;
      post<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
      put<P extends string>(pattern: P, handler: RouteHandler<P>): this;
      put<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
      patch<P extends string>(pattern: P, handler: RouteHandler<P>): this;
      patch<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
      delete<P extends string>(pattern: P, handler: RouteHandler<P>): this;
      delete<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
      options<P extends string>(pattern: P, handler: RouteHandler<P>): this;
      options<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
      all<P extends string>(pattern: P, handler: RouteHandler<P>): this;
      all<P extends string, Out>(pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
      route<P extends string>(method: string, pattern: P, handler: RouteHandler<P>): this;
      route<P extends string, Out>(method: string, pattern: P, options: RouteOptions<Out>, handler: ValidHandler<P, Out>): this;
      before(...list: Before[]): this;
      after(...list: After[]): this;
      around(...layers: Layer[]): this;
      error<K extends ErrorKey>(key: K, handler: ErrorHandler<ErrorOf<K>>): this;
      redirect(from: string, to: string | URL, init?: RedirectInit): this;
      group(prefix: string, configure: (arc: Arc) => void): this;
      mount(prefix: string, what: Mountable, options?: MountOptions): this;
      readonly fetch: (request: Request | globalThis.Request) => MaybePromise<Response>;
      protected compile(): Handler;
  }
  interface AuthScheme {
      readonly scheme: string;
      readonly token68: string | undefined;
      readonly parameters: ReadonlyMap<string, string>;
  }
  interface AutorunOptions {
      readonly folder?: string | undefined;
      readonly watch?: boolean | undefined;
      readonly timeout?: number | undefined;
  }
  interface BasicCredentials {
      readonly user: string;
      readonly password: string;
  }
  type Before = (request: Request) => MaybePromise<Answered>;
  interface CacheControl {
      readonly noStore: boolean;
      readonly noCache: boolean | readonly string[];
      readonly isPrivate: boolean | readonly string[];
      readonly isPublic: boolean;
      readonly mustRevalidate: boolean;
      readonly proxyRevalidate: boolean;
      readonly mustUnderstand: boolean;
      readonly noTransform: boolean;
      readonly immutable: boolean;
      readonly onlyIfCached: boolean;
      readonly maxAge: number | undefined;
      readonly sMaxage: number | undefined;
      readonly staleWhileRevalidate: number | undefined;
      readonly staleIfError: number | undefined;
      readonly minFresh: number | undefined;
      readonly maxStale: number | true | undefined;
  }
  interface CacheOptions {
      readonly maxBytes?: number | undefined;
      readonly maxEntryBytes?: number | undefined;
      readonly negative?: number | undefined;
      readonly patience?: number | undefined;
      readonly store?: Store<Variants> | undefined;
      readonly clock?: Clock | undefined;
  }
  class Certificate {
      #private;
      readonly chain: string;
      readonly key: string;
      readonly keyType: string;
      readonly curve: string | undefined;
      readonly names: readonly string[];
      readonly issuer: string;
      readonly serial: string;
      readonly notBefore: number;
      readonly notAfter: number;
      readonly origin: CertificateOrigin;
      constructor({ cert, key, passphrase, origin }: CertificateInit);
      covers(name: string): boolean;
  }
  interface CertificateEntry {
      readonly pattern: HostPattern;
      readonly certificates: CertificateSet;
  }
  interface CertificateFiles {
      readonly cert: string;
      readonly key: string;
      readonly passphrase?: string | undefined;
  }
  interface CertificateInit {
      readonly cert: string;
      readonly key: string;
      readonly passphrase?: string | undefined;
      readonly origin?: CertificateOrigin | undefined;
  }
  interface CertificateOrigin {
      readonly cert?: string | undefined;
      readonly key?: string | undefined;
      readonly place?: SourcePlace | undefined;
  }
  type CertificateSet = readonly Certificate[];
  interface CertificateStatus {
      readonly names: readonly string[];
      readonly expires: Date;
      readonly issuer: string;
      readonly file: string | undefined;
      readonly staple: StapleStatus | undefined;
  }
  interface CertificateStorage {
      get(key: string): Promise<string | undefined>;
      put(key: string, value: string): Promise<void>;
      remove(key: string): Promise<void>;
      list(prefix: string): Promise<readonly string[]>;
      lock(name: string): Promise<StorageLock | undefined>;
  }
  class Certificates {
      #private;
      onMissing: FindMissing | undefined;
      onChallenge: FindMissing | undefined;
      onDemand: (() => Iterable<Certificate>) | undefined;
      staples: KeptStaples | undefined;
      get any(): CertificateSet | undefined;
      get entries(): readonly CertificateEntry[];
      set(pattern: string, ...certificates: Certificate[]): void;
      delete(pattern: string): void;
      get(pattern: string): CertificateSet | undefined;
      find(name: string): CertificateSet | undefined;
  }
  type ClientCache = "none" | "changing" | "full" | {
      readonly maxAge: number;
  };
  interface ClientCertificate {
      readonly subject: DistinguishedName;
      readonly issuer: DistinguishedName;
      readonly fingerprint256: string;
      readonly serialNumber: string;
      readonly validFrom: Date;
      readonly validTo: Date;
      readonly subjectAltName: string | undefined;
      readonly pem: string;
  }
  type Coding = "br" | "zstd" | "gzip";
  interface CommandContext {
      readonly signal: AbortSignal;
  }
  type CommandFunction = (args: readonly string[], context: CommandContext) => MaybePromise<unknown>;
  interface CompressionOptions {
      readonly codings?: readonly Coding[];
      readonly minSize?: number;
      readonly types?: (contentType: string) => boolean;
      readonly dictionaries?: Dictionaries;
  }
  interface CookieAttributes {
      readonly maxAge?: number | undefined;
      readonly expires?: Date | number | undefined;
      readonly path?: string | undefined;
      readonly domain?: string | undefined;
      readonly secure?: boolean | undefined;
      readonly httpOnly?: boolean | undefined;
      readonly sameSite?: "strict" | "lax" | "none" | undefined;
      readonly partitioned?: boolean | undefined;
  }
  interface CorsOptions {
      readonly rules: readonly CorsRule[];
  }
  interface CorsRule {
      readonly path: string | readonly string[];
      readonly origins: "*" | readonly string[] | ((origin: string) => boolean);
      readonly methods?: readonly string[];
      readonly headers?: "*" | readonly string[];
      readonly credentials?: boolean;
      readonly maxAge?: number;
      readonly expose?: readonly string[];
  }
  interface CronOptions {
      readonly timeZone?: string | undefined;
  }
  interface CspChanges {
      readonly directives?: Readonly<Record<string, string | false>>;
      readonly add?: Readonly<Record<string, string>>;
      readonly reportOnly?: boolean;
  }
  interface CspOptions extends CspChanges {
      readonly rules?: readonly CspRule[];
      readonly hashes?: boolean;
  }
  interface CspRule extends CspChanges {
      readonly path: string | readonly string[];
      readonly off?: boolean;
  }
  class DefaultFields {
      #private;
      readonly lines: readonly string[];
      readonly text: string;
      constructor(fields: HeadersInit);
      has(name: string): boolean;
      get(name: string): string | null;
      and(others: DefaultFields): DefaultFields;
      textBeside(present: readonly string[]): string;
  }
  type DefaultName = "allow-ips" | "cache-directive" | "csp" | "download" | "error-pages" | "hide" | "markdown" | "nonce" | "referrer-policy" | "security-fields" | "templates";
  interface Demand {
      readonly signal: AbortSignal;
      readonly remoteAddress: string | undefined;
  }
  class Dictionaries {
      #private;
      readonly codings: readonly DictionaryCoding[];
      constructor({ folder }: DictionaryOptions);
      find(available: string, path: string): MaybePromise<Dictionary | undefined>;
  }
  interface DictionaryOptions {
      readonly folder: string;
  }
  type DistinguishedName = Readonly<Record<string, string | readonly string[]>>;
  interface DnsProvider {
      present(name: string, value: string, signal: AbortSignal): MaybePromise<void>;
      cleanUp(name: string, value: string): MaybePromise<void>;
      propagated?(name: string, value: string, signal: AbortSignal): MaybePromise<void>;
      readonly ownAliases?: boolean | undefined;
  }
  interface DnsUpdateOptions {
      readonly server: string;
      readonly key: TsigKey;
      readonly zone?: string | undefined;
  }
  type Duration = number | {
      readonly days?: number | undefined;
      readonly hours?: number | undefined;
      readonly minutes?: number | undefined;
      readonly seconds?: number | undefined;
      readonly milliseconds?: number | undefined;
  };
  interface EntryFacts {
      readonly bytes: number;
      readonly host: string;
      readonly tags: readonly string[];
  }
  type ErrorClass<E = unknown> = abstract new (...args: any[]) => E;
  interface ErrorFacts {
      readonly status: number;
      readonly title: string;
      readonly detail: string | undefined;
  }
  type ErrorHandler<E = unknown> = (request: Request, error: E) => MaybePromise<Answer>;
  type ErrorKey = "not-found" | "internal-error" | number | ErrorClass;
  interface ErrorSource {
      readonly request?: Request | undefined;
      readonly hook?: string | undefined;
      readonly task?: string | undefined;
  }
  interface Exchange {
      readonly request: Request;
      readonly response: Response;
      readonly duration: number;
      readonly sent: number;
      readonly isAborted: boolean;
  }
  interface Extension {
      readonly name: string;
      readonly priority?: number;
      readonly scope?: Scope;
      prime?(request: Request): MaybePromise<Request | Answered>;
      pre?(request: Request): MaybePromise<Answered>;
      readonly prepare?: Prepare | readonly Prepare[];
      present?(response: Response, request: Request): MaybePromise<Answered>;
      readonly presenter?: Presenter | readonly Presenter[];
      errorPage?(request: Request, error: ErrorFacts, site: PageSource | undefined): MaybePromise<Response | void>;
      package?(response: Response, request: Request): void;
      post?(exchange: Exchange): MaybePromise<void>;
      share?(peers: Peers): void;
      close?(): MaybePromise<void>;
  }
  class ExtensionError extends MillraceError {
      readonly extension: string;
      readonly stage: StageName;
      constructor(extension: string, stage: StageName, cause: unknown);
  }
  interface ExternalAccount {
      readonly keyId: string;
      readonly hmacKey: string;
  }
  interface FetchApp {
      fetch(request: any): MaybePromise<globalThis.Response | Response>;
  }
  interface FetchAppOptions {
      readonly keepGlobals?: boolean;
  }
  type FieldChanges = Readonly<Record<string, string | false>>;
  interface FileCache {
      readonly holds?: "content" | "descriptors";
      readonly largest?: number;
      readonly full?: boolean;
      get(path: string): LoadedFile | undefined;
      set(path: string, file: LoadedFile): unknown;
      grow?(path: string, file: LoadedFile, octets: number): boolean;
      delete(path: string): unknown;
      clear(): void;
  }
  type FilesHandler = Handler & {
      readonly loader: Loader;
  };
  type Filter = (request: Request) => MaybePromise<boolean>;
  type FindMissing = (name: string, remoteAddress: string) => MaybePromise<CertificateSet | undefined>;
  class Form extends Pairs {
      readonly files: readonly FormFile[];
      constructor(fields: readonly (readonly [name: string, value: string])[], files: readonly FormFile[]);
      file(name: string): FormFile | undefined;
  }
  interface FormFile {
      readonly name: string;
      readonly filename: string;
      readonly type: string;
      readonly bytes: Uint8Array;
  }
  type Handler = (request: Request) => MaybePromise<Response>;
  class Headers {
      #private;
      constructor(init?: HeadersInit);
      get(name: string): string | null;
      has(name: string): boolean;
      set(name: string, value: string): void;
      append(name: string, value: string): void;
      delete(name: string): void;
      getSetCookie(): string[];
      getAll(name: string): string[];
      forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void;
      keys(): IterableIterator<string>;
      values(): IterableIterator<string>;
      entries(): IterableIterator<[string, string]>;
      [Symbol.iterator](): IterableIterator<[string, string]>;
      get [Symbol.toStringTag](): string;
      static lines(headers: Headers): readonly string[];
      static fromText(text: string): Headers;
      static fromChecked(list: string[]): Headers;
  }
  type HeadersInit = Headers | globalThis.Headers | Iterable<readonly [string, string]> | Record<string, string>;
  interface Heir {
      readonly pid: number;
      readonly version: string;
  }
  interface HookListeners {
      reloadScripts(files: readonly string[]): MaybePromise<void>;
      loaded(): MaybePromise<void>;
      listen(addresses: readonly ListenAddress[]): MaybePromise<void>;
      request(request: Request): MaybePromise<Response | void>;
      handover(heir: Heir): MaybePromise<void>;
      drain(deadline: number): MaybePromise<void>;
      close(): MaybePromise<void>;
      error(error: unknown, source: ErrorSource): MaybePromise<void>;
      workerExit(exit: WorkerExit): MaybePromise<void>;
  }
  type HookName = keyof HookListeners;
  interface HookOptions {
      readonly priority?: number | undefined;
      readonly owner?: string | undefined;
  }
  interface HookStatus {
      readonly name: string;
      readonly calls: number;
      readonly time: number;
      readonly listeners: readonly ListenerStatus[];
  }
  class Hooks {
      #private;
      constructor({ log, clock }?: HooksInit);
      add<N extends HookName>(name: N, listener: HookListeners[N], options?: HookOptions): () => void;
      has(name: HookName): boolean;
      call<N extends HookName>(name: N, ...args: HookArguments<N>): MaybePromise<void>;
      safeCall<N extends HookName>(name: N, ...args: HookArguments<N>): MaybePromise<void>;
      ask<N extends AnsweringHook>(name: N, ...args: HookArguments<N>): MaybePromise<HookAnswer<N> | undefined>;
      status(): HookStatus[];
  }
  interface HooksInit {
      readonly log?: Log | undefined;
      readonly clock?: Clock | undefined;
  }
  class Host extends Arc {
      #private;
      constructor(name: string, options?: HostOptions);
      get name(): string;
      get names(): readonly HostName[];
      get noFallback(): boolean;
      get autorun(): string | undefined;
      get isHttpsOnly(): boolean;
      get tls(): HostTlsOptions | undefined;
      get extensions(): readonly Extension[];
      extensionsBeside(defaults: readonly Extension[]): readonly Extension[];
      alias(...names: string[]): this;
      use(...extensions: Extension[]): this;
      remove(...extensions: (Extension | string)[]): this;
      upgrade(token: string, handler: (request: Request) => Answer): this;
      lend(extension: Extension): () => void;
      lendUpgrade(token: string, handler: (request: Request) => Answer): () => void;
      protected compile(): Handler;
      compileFor({ errors: outer, compress, cache, defaults, securePort }: HostContext): Handler;
  }
  interface HostOptions {
      readonly aliases?: readonly string[];
      readonly noFallback?: boolean;
      readonly trailingSlash?: TrailingSlash;
      readonly defaults?: boolean | {
          readonly [Name in DefaultName]?: boolean;
      };
      readonly autorun?: string;
      readonly tls?: HostTlsOptions;
      readonly httpsOnly?: boolean | HttpsOnlyOptions;
  }
  interface HostTlsOptions {
      readonly cert?: string | undefined;
      readonly key?: string | undefined;
      readonly passphrase?: string | undefined;
      readonly certificates?: readonly CertificateFiles[] | undefined;
      readonly clientCertificate?: "none" | "request" | "require" | undefined;
      readonly ca?: string | readonly string[] | undefined;
  }
  class Hosts {
      #private;
      securePort: number | undefined;
      guard: HostsGuard | undefined;
      onChange: (() => void) | undefined;
      constructor(hosts?: readonly Host[], options?: HostsOptions);
      get list(): readonly Host[];
      add(...hosts: Host[]): this;
      remove(...hosts: Host[]): this;
      error<K extends ErrorKey>(key: K, handler: ErrorHandler<ErrorOf<K>>): this;
      find(name: string): Host | undefined;
      extensionsOf(host: Host): readonly Extension[];
      setDefaults(extensions: readonly Extension[]): void;
      compile(): void;
      readonly handle: Handler;
      answering(authority: string): Host | undefined;
      readonly fetch: (request: Request | globalThis.Request) => MaybePromise<Response>;
  }
  interface HostsOptions extends Omit<ErrorOptions, "notFound"> {
      readonly compress?: Layer | undefined;
      readonly cache?: Layer | undefined;
      readonly defaults?: readonly Extension[] | undefined;
  }
  interface HstsOptions {
      readonly maxAge?: number;
      readonly includeSubDomains?: boolean;
      readonly preload?: boolean;
  }
  class HttpError extends Error {
      readonly status: number;
      readonly title: string;
      readonly detail: string | undefined;
      readonly fields: Readonly<Record<string, string>>;
      readonly members: Readonly<Record<string, unknown>> | undefined;
      constructor(status: number, init?: string | HttpErrorInit);
  }
  interface HttpErrorInit {
      readonly detail?: string | undefined;
      readonly fields?: Readonly<Record<string, string>> | undefined;
      readonly members?: Readonly<Record<string, unknown>> | undefined;
      readonly cause?: unknown;
  }
  interface HttpLimits {
      line: number;
      head: number;
      fields: number;
      trailerFields: number;
      trailers: number;
      content: number;
      buffered: number;
      drain: number;
      backlog: number;
      requests: number;
      lifetime: number;
  }
  interface HttpsOnlyOptions {
      readonly port?: number;
      readonly hsts?: boolean | HstsOptions;
  }
  class KeptResponse {
      #private;
      readonly number: number;
      readonly headers: Headers;
      rendered: Rendered | undefined;
      readonly representation: Representation | undefined;
      readonly compress: boolean | undefined;
      readonly coded: Map<string, KeptResponse>;
      constructor(response: Response);
      again(): Response;
  }
  type Layer = (next: Handler) => Handler;
  interface Lease {
      take(task: string, due: number): MaybePromise<(() => void) | undefined>;
  }
  interface LimitRule {
      readonly limit: number;
      readonly window?: number | undefined;
      readonly burst?: number | undefined;
      readonly name?: string | undefined;
      readonly scope?: Scope | undefined;
      readonly key?: ((request: Request) => string | undefined) | undefined;
      readonly route?: ((request: Request) => string) | undefined;
      readonly drop?: false | ((address: string) => boolean) | undefined;
      readonly fields?: boolean | undefined;
      readonly maxClients?: number | undefined;
  }
  interface LimitStatus {
      readonly descriptors: number | undefined;
      readonly maxDescriptors: number;
      readonly maxConnections: number;
      readonly refused: number;
  }
  type ListenAddress = {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly secure?: true;
  } | {
      readonly kind: "unix";
      readonly path: string;
      readonly secure?: true;
  };
  type ListenOption = string | number | (ListenWhere & {
      readonly tls?: boolean | undefined;
  });
  type ListenWhere = {
      readonly host?: string | undefined;
      readonly port: number;
  } | {
      readonly path: string;
      readonly mode?: number | undefined;
  } | {
      readonly fd: number | string;
      readonly address?: ListenAddress | undefined;
  };
  interface ListenerStatus {
      readonly name: string;
      readonly owner: string | undefined;
      readonly priority: number;
      readonly calls: number;
      readonly errors: number;
      readonly time: number;
      readonly longest: number;
  }
  class Loader {
      #private;
      readonly root: string;
      constructor(root: string, options?: LoaderOptions);
      handle(request: Request): MaybePromise<Response>;
      readonly load: (path: string) => MaybePromise<Representation | undefined>;
      preload(): Promise<Preloaded>;
      close(): void;
  }
  interface LoaderOptions {
      readonly cache?: "memory" | "descriptors" | "none" | FileCache;
      readonly index?: readonly string[];
      readonly listing?: boolean;
      readonly cleanUrls?: boolean;
      readonly fallback?: string;
      readonly cacheControl?: string;
      readonly precompressed?: boolean;
      readonly directives?: boolean;
      readonly followLinks?: boolean;
      readonly watch?: boolean;
      readonly pathOf?: (request: Request) => string;
  }
  interface Log {
      write(level: LogLevel, message: string, fields?: LogFields): void;
  }
  type LogFields = Readonly<Record<string, unknown>>;
  interface LogFileOptions extends Rotation {
      readonly path: string;
  }
  type LogLevel = "debug" | "info" | "access" | "warn" | "error";
  interface MarkdownOptions {
      readonly template?: string | ((page: MarkdownPage) => string) | undefined;
      readonly endings?: readonly string[] | undefined;
  }
  interface MarkdownPage {
      readonly title: string;
      readonly content: string;
      readonly lang: string;
      readonly fields: ReadonlyMap<string, string>;
  }
  class Markup {
      #private;
      constructor(html: string);
      toString(): string;
      toResponse(): Response;
  }
  type MarkupValue = Markup | string | number | bigint | boolean | null | undefined | readonly MarkupValue[];
  interface MemoryStoreOptions {
      readonly maxBytes?: number;
      readonly maxEntryBytes?: number;
      readonly hostShare?: number;
  }
  class MillraceError extends Error {
      readonly code: string;
      readonly hint: string | undefined;
      readonly place: SourcePlace | undefined;
      constructor(code: string, message: string, init?: MillraceErrorInit);
  }
  interface MountOptions extends FetchAppOptions {
      readonly strip?: boolean;
  }
  type Mountable = Arc | FetchApp | ((request: Request) => Answer);
  interface MultipartLimits {
      readonly parts?: number;
      readonly header?: number;
      readonly field?: number;
      readonly file?: number;
      readonly total?: number;
  }
  interface MultipartOptions {
      readonly limits?: MultipartLimits;
  }
  interface NonceOptions {
      readonly endings?: readonly string[] | undefined;
  }
  class NotFoundError extends HttpError {
      constructor(init?: string | HttpErrorInit);
  }
  interface OnDemandOptions {
      ask(name: string, demand: Demand): MaybePromise<boolean>;
      readonly timeout?: number | undefined;
      readonly remember?: number | undefined;
      readonly ordersPerHour?: number | undefined;
      readonly maxNames?: number | undefined;
  }
  interface PageSource {
      load(path: string): MaybePromise<Representation | undefined>;
  }
  class Pairs implements Iterable<[name: string, value: string]> {
      #private;
      constructor(read: () => PairArrays);
      get size(): number;
      get truncated(): boolean;
      get(name: string): string | undefined;
      getAll(name: string): string[];
      has(name: string): boolean;
      entries(): Generator<[name: string, value: string], void>;
      [Symbol.iterator](): Generator<[name: string, value: string], void>;
  }
  type Params<P extends string> = string extends P ? Readonly<Record<string, string>> : {
      readonly [Name in NameIn<P>]: string;
  };
  class Part implements AsyncIterable<Uint8Array> {
      #private;
      readonly name: string;
      readonly filename: string | undefined;
      readonly type: string;
      readonly headers: Headers;
      constructor(stream: Readable, headers: Headers, limits: Required<MultipartLimits>, failure: () => unknown);
      [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined>;
      bytes(): Promise<Uint8Array>;
      text(): Promise<string>;
      static skip(part: Part): void;
      static abort(part: Part): void;
  }
  interface Peers {
      readonly workers: number;
      tell(data: unknown, to?: "eldest" | number): Promise<void>;
      hear(hear: (data: unknown, from: number) => void): void;
  }
  interface PhaseLimits {
      readonly handshake: number;
      readonly idle: number;
      readonly crowdedIdle: number;
      readonly head: number;
      readonly body: number;
      readonly handler: number;
      readonly halfClosed: number;
      readonly write: number;
      readonly drain: number;
      readonly linger: number;
      readonly minimumRate: number;
      readonly grace: number;
  }
  interface Preloaded {
      readonly files: number;
      readonly bytes: number;
  }
  interface Prepare {
      readonly match: string | ((request: Request) => boolean);
      readonly handler: Handler;
  }
  interface Presenter {
      readonly name: string;
      readonly endings?: readonly string[];
      match?(response: Response, request: Request): boolean;
      readonly isPrivate?: boolean;
      present(response: Response, request: Request, args: readonly string[]): MaybePromise<Response | void>;
  }
  interface Problem {
      readonly type?: string | undefined;
      readonly title?: string | undefined;
      readonly detail?: string | undefined;
      readonly instance?: string | undefined;
      readonly [member: string]: unknown;
  }
  interface ProxyOptions {
      readonly host?: "client" | "target" | undefined;
      readonly timeouts?: ProxyTimeouts | undefined;
  }
  interface ProxyTimeouts {
      readonly connect?: number | undefined;
      readonly firstByte?: number | undefined;
      readonly idle?: number | undefined;
  }
  class Query extends Pairs {
      constructor(text: string, maxPairs: number);
      toString(): string;
  }
  interface RedirectInit extends ResponseInit {
      permanent?: boolean;
      status?: number;
  }
  type ReferrerPolicy = (typeof POLICIES)[number];
  interface ReferrerRule {
      readonly path: string | readonly string[];
      readonly policy: ReferrerPolicy;
  }
  type Register = () => () => void;
  class Registrations {
      #private;
      readonly owner: string;
      constructor(owner: string);
      plan(register: Register): void;
      apply(): void;
      remove(): void;
      replace(before: Registrations | undefined): void;
  }
  interface Rendering {
      readonly content: string;
      readonly type?: string | undefined;
      readonly sources?: Iterable<Representation> | undefined;
      readonly isStatic: boolean;
  }
  interface Report {
      readonly tasks: readonly TaskStatus[];
      readonly upstreams: readonly UpstreamStatus[];
      readonly certificates: readonly CertificateStatus[];
      readonly automatic: readonly AcmeStatus[];
      readonly limits: LimitStatus;
  }
  interface Representation {
      readonly etag?: string | undefined;
      readonly lastModified?: Date | number | undefined;
  }
  class Request<Params = AnyParams> {
      #private;
      readonly method: string;
      path: string;
      params: Params;
      readonly target: string;
      readonly isConditional: boolean;
      constructor(input: string | URL | Request<unknown> | globalThis.Request, init?: RequestInit);
      constructor(channel: Channel, mark: typeof CODEC, method: string, target: string, path: string, search: string, authority: string, fields: string | Headers, content: Content, isConditional: boolean);
      get headers(): Headers;
      get url(): string;
      get fullPath(): string;
      get query(): Query;
      get search(): string;
      get host(): string;
      get protocol(): Protocol;
      get remoteAddress(): string;
      get remotePort(): number;
      get secure(): boolean;
      get client(): ClientCertificate | undefined;
      get state(): RequestState;
      get signal(): AbortSignal;
      onEnd(work: () => MaybePromise<void>): void;
      earlyHints(links: readonly string[]): void;
      get body(): ReadableStream<Uint8Array> | null;
      get bodyUsed(): boolean;
      chunks(): AsyncIterable<Uint8Array>;
      text(): Promise<string>;
      json<T = unknown>(): Promise<T>;
      bytes(): Promise<Uint8Array>;
      arrayBuffer(): Promise<ArrayBuffer>;
      blob(): Promise<Blob>;
      formData(): Promise<FormData>;
      get trailers(): Promise<Headers | undefined>;
      clone(): Request<Params>;
      get cache(): string;
      get credentials(): string;
      get destination(): string;
      get duplex(): "half";
      get integrity(): string;
      get isHistoryNavigation(): boolean;
      get isReloadNavigation(): boolean;
      get keepalive(): boolean;
      get mode(): string;
      get redirect(): string;
      get referrer(): string;
      get referrerPolicy(): string;
      get [Symbol.toStringTag](): string;
      static make(channel: Channel, method: string, target: string, path: string, search: string, authority: string, fields: string | Headers, content: Content, isConditional: boolean): Request;
      static under(request: Request, path: string, target: string): Request;
      static derive(request: Request, headers: Headers, detached: boolean): Request;
      static rewritten(request: Request, path: string, target: string, search: string): Request;
      static inform(request: Request<unknown>, status: number, headers: Headers): void;
      static peer(request: Request<unknown>): Peer;
      static abort(request: Request<unknown>, reason: unknown): void;
      static hold(request: Request<unknown>): () => void;
      static sent(request: Request<unknown>): number;
      static isAborted(request: Request<unknown>): boolean;
      static isForsaken(request: Request<unknown>): boolean;
      static field(request: Request<unknown>, name: string): string | null;
      static combined(request: Request<unknown>, name: string): string | null;
      static end(request: Request<unknown>, sent: number, onError?: (error: unknown) => void): void;
      static content(request: Request<unknown>): Content;
  }
  interface RequestInit {
      method?: string;
      headers?: HeadersInit;
      body?: ContentInit;
      signal?: AbortSignal;
      duplex?: "half";
  }
  interface RequestState {
  }
  class Response {
      #private;
      readonly status: number;
      readonly statusText: string;
      serverCache: ServerCache | undefined;
      tags: readonly string[] | undefined;
      compress: boolean | undefined;
      constructor(body?: ContentInit, init?: ResponseInit);
      get headers(): Headers;
      defaultTo(fields: DefaultFields): void;
      set clientCache(preference: ClientCache);
      get ok(): boolean;
      get type(): string;
      get url(): string;
      get redirected(): boolean;
      get body(): ReadableStream<Uint8Array> | null;
      get bodyUsed(): boolean;
      text(): Promise<string>;
      json(): Promise<unknown>;
      bytes(): Promise<Uint8Array>;
      arrayBuffer(): Promise<ArrayBuffer>;
      blob(): Promise<Blob>;
      formData(): Promise<FormData>;
      clone(): Response;
      get [Symbol.toStringTag](): string;
      static json(value: unknown, init?: ResponseInit): Response;
      static redirect(url: string | URL, status?: number): Response;
      static error(): Response;
      static of(content: Content, type: string | undefined, init?: ResponseInit): Response;
      static again(kept: KeptResponse, status: number, content: Content): Response;
      static switching(upgrade: Upgrade, headers: HeadersInit): Response;
      static unanswered(status: number, milliseconds: number): Response;
      static field(response: Response, name: string): string | null;
      static parts: ResponseParts;
  }
  class ResponseCache {
      #private;
      onPurge: ((selection: Selection, soft: boolean) => void) | undefined;
      constructor(options?: CacheOptions);
      readonly layer: Layer;
      get counts(): StoreCounts;
      purge(selection: Selection, { soft }?: {
          readonly soft?: boolean;
      }): number;
  }
  interface ResponseInit {
      status?: number;
      statusText?: string;
      headers?: HeadersInit;
      trailers?: () => HeadersInit | Promise<HeadersInit>;
  }
  interface Rotation {
      readonly size?: number | undefined;
      readonly daily?: boolean | undefined;
      readonly keep?: number | undefined;
      readonly gzip?: boolean | undefined;
  }
  type RouteHandler<P extends string> = (request: Request<Params<P>>) => Answer;
  type RouteMethods = Pick<Arc, "get" | "head" | "post" | "put" | "patch" | "delete" | "options" | "all" | "route" | "redirect" | "mount" | "group">;
  interface RouteOptions<Out = unknown> {
      readonly filter?: Filter;
      readonly body?: Schema<Out>;
  }
  interface SavedFile {
      readonly name: string;
      readonly filename: string;
      readonly type: string;
      readonly size: number;
      readonly path: string;
  }
  interface Schedule {
      readonly text: string;
      readonly reading: "now" | "wall";
      begin(start: number): (after: number) => number | undefined;
  }
  class Scheduler {
      #private;
      constructor({ log, clock, lease, onError }?: SchedulerInit);
      add(task: Task, options?: {
          readonly owner?: string | undefined;
      }): () => void;
      start(): void;
      stop({ deadline }?: SchedulerStop): Promise<void>;
      status(): TaskStatus[];
  }
  interface SchedulerInit {
      readonly log?: Log | undefined;
      readonly clock?: Clock | undefined;
      readonly lease?: Lease | undefined;
      readonly onError?: ((error: unknown, task: string) => void) | undefined;
  }
  interface Schema<Out = unknown> {
      readonly "~standard": {
          readonly version: 1;
          readonly vendor: string;
          validate(value: unknown): MaybePromise<SchemaResult<Out>>;
          readonly types?: {
              readonly input: unknown;
              readonly output: Out;
          } | undefined;
      };
  }
  interface Scope {
      readonly host?: string | readonly string[] | undefined;
      readonly path?: string | readonly string[] | undefined;
      readonly when?: ((request: Request) => boolean) | undefined;
  }
  type Script = (context: ScriptContext) => MaybePromise<void>;
  interface ScriptContext extends ScriptHost {
      readonly file: string;
      host(name: string): ScriptHost;
      readonly hooks: {
          add<N extends HookName>(name: N, listener: HookListeners[N], options?: HookOptions): void;
      };
      readonly task: AddTask;
      register(register: Register): void;
      onRemove(clean: () => MaybePromise<void>): void;
      readonly signal: AbortSignal;
      readonly log: Log;
      readonly server: WebServer;
  }
  interface ScriptHost extends RouteMethods {
      readonly arc: Arc;
      use(...extensions: Extension[]): void;
      upgrade(token: string, handler: (request: Request) => Answer): void;
  }
  interface SecurityFieldsOptions {
      readonly every?: FieldChanges;
      readonly documents?: FieldChanges;
  }
  type Selection = {
      readonly all: true;
  } | {
      readonly host: string;
  } | {
      readonly tag: string;
  } | {
      readonly page: string;
  } | {
      readonly prefix: string;
  };
  type ServerCache = "none" | "standard" | "query-matters" | "full" | {
      readonly maxAge: number;
      readonly query?: boolean;
  };
  type ServerCommand = CommandFunction | {
      readonly summary?: string | undefined;
      readonly run: CommandFunction;
  };
  interface ServerEvent {
      readonly data?: unknown;
      readonly event?: string;
      readonly id?: string;
      readonly retry?: number;
      readonly comment?: string;
  }
  interface ServerOptions extends SystemOptions {
      readonly listen?: ListenOption | readonly ListenOption[] | undefined;
      readonly tls?: TlsOptions | "development" | undefined;
      readonly acme?: AcmeOptions | undefined;
      readonly app?: App | undefined;
      readonly hosts?: Hosts | readonly Host[] | undefined;
      readonly extensions?: readonly Extension[] | undefined;
      readonly cache?: boolean | CacheOptions | ResponseCache | undefined;
      readonly compress?: boolean | CompressionOptions | undefined;
      readonly limits?: Partial<HttpLimits> | undefined;
      readonly timeouts?: Partial<PhaseLimits> | undefined;
      readonly maxConnections?: number | undefined;
      readonly perAddress?: number | undefined;
      readonly proxyProtocol?: {
          readonly trusted: readonly string[];
      } | undefined;
      readonly log?: Log | "text" | "json" | "journal" | "off" | undefined;
      readonly development?: boolean | undefined;
      readonly reusePort?: boolean | undefined;
      readonly workers?: number | "auto" | undefined;
      readonly dispatch?: Dispatch | undefined;
      readonly recycle?: Recycling | undefined;
      readonly workerTimeouts?: WorkerTimeouts | undefined;
      readonly name?: string | {
          readonly like: string;
      } | undefined;
      readonly autorun?: string | AutorunOptions | false | undefined;
      readonly takeover?: boolean | undefined;
      readonly hooks?: Hooks | undefined;
      readonly tasks?: readonly Task[] | undefined;
      readonly commands?: Readonly<Record<string, ServerCommand>> | undefined;
      readonly onStartup?: (() => MaybePromise<void>) | undefined;
      readonly onShutdown?: (() => MaybePromise<void>) | undefined;
  }
  type ServerState = "new" | "starting" | "listening" | "stopping" | "stopped";
  interface SharedSecrets {
      readonly current: Buffer;
      readonly previous: Buffer | undefined;
      readonly all: readonly Buffer[];
      onChange(hear: () => void): () => void;
  }
  type StageName = "prime" | "pre" | "present" | "package" | "post";
  interface StapleStatus {
      readonly state: "good" | "unknown" | "revoked";
      readonly until: Date | undefined;
      readonly error: string | undefined;
  }
  interface StopOptions {
      readonly deadline?: number | undefined;
      readonly isReplaced?: boolean | undefined;
  }
  interface StorageLock {
      readonly signal: AbortSignal;
      release(): MaybePromise<void>;
  }
  interface Store<V> {
      get(key: string): V | undefined;
      set(key: string, value: V, facts: EntryFacts): boolean;
      delete(key: string): boolean;
      select(selection: Selection): Iterable<readonly [key: string, value: V]>;
      clear(): void;
      readonly counts: StoreCounts;
      readonly size: number;
  }
  interface StoreCounts {
      readonly entries: number;
      readonly bytes: number;
      readonly evictions: number;
  }
  interface StreamInit extends ResponseInit {
      type?: string;
  }
  interface SystemOptions {
      readonly pidFile?: string | undefined;
      readonly systemd?: boolean | undefined;
      readonly admin?: ListenOption | undefined;
      readonly logFile?: string | LogFileOptions | undefined;
      readonly user?: string | number | undefined;
      readonly group?: string | number | undefined;
  }
  interface Task {
      readonly name: string;
      readonly when: Schedule | undefined;
      readonly overlap: "skip" | "queue" | "parallel";
      readonly slow: number;
      readonly workers: "one" | "each";
      readonly run: (run: TaskRun) => MaybePromise<unknown>;
      readonly place: SourcePlace | undefined;
  }
  interface TaskOptions {
      readonly when?: Schedule | undefined;
      readonly overlap?: "skip" | "queue" | "parallel" | undefined;
      readonly slow?: Duration | undefined;
      readonly workers?: "one" | "each" | undefined;
  }
  interface TaskRun {
      readonly name: string;
      readonly due: Date;
      readonly signal: AbortSignal;
      sleep(duration: Duration): Promise<void>;
  }
  interface TaskStatus {
      readonly name: string;
      readonly when: string;
      readonly workers: "one" | "each";
      readonly owner: string | undefined;
      readonly state: "stopped" | "waiting" | "running" | "sleeping" | "done";
      readonly due: Date | undefined;
      readonly running: number;
      readonly runs: number;
      readonly failures: number;
      readonly skipped: number;
      readonly elsewhere: number;
      readonly last: LastRun | undefined;
  }
  type TemplateData = Readonly<Record<string, unknown>>;
  interface TemplateOptions {
      readonly data?: TemplateData | ((request: Request) => MaybePromise<TemplateData>) | undefined;
      readonly endings?: readonly string[] | undefined;
  }
  interface TlsOptions extends HostTlsOptions {
      readonly certificates?: readonly CertificateFiles[] | undefined;
      readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
      readonly stapling?: boolean | undefined;
  }
  type TrailingSlash = "redirect" | "ignore" | "strict";
  type TsigAlgorithm = "hmac-sha256" | "hmac-sha512";
  interface TsigKey {
      readonly name: string;
      readonly secret: string;
      readonly algorithm?: TsigAlgorithm | undefined;
  }
  type Upgrade = (stream: Duplex, draining: AbortSignal) => void;
  interface UploadOptions extends MultipartOptions {
      readonly types?: readonly string[];
  }
  interface Uploads {
      readonly fields: Pairs;
      readonly files: readonly SavedFile[];
  }
  interface UpstreamStatus {
      readonly origin: string;
      readonly state: "up" | "down" | "unused";
      readonly waiting: number;
      readonly answered: number;
      readonly failed: number;
      readonly lastFailure: {
          readonly at: Date;
          readonly message: string;
      } | undefined;
  }
  type ValidHandler<P extends string, Out> = (request: Request<Params<P>> & Validated<Out>) => Answer;
  interface Validated<Out> {
      valid(part: "body"): Promise<Out>;
  }
  class WebServer {
      #private;
      readonly options: ServerOptions;
      readonly hosts: Hosts | undefined;
      readonly cache: ResponseCache | undefined;
      readonly certificates: Certificates;
      constructor(options: ServerOptions);
      get state(): ServerState;
      get addresses(): readonly ListenAddress[];
      get url(): string;
      get log(): Log;
      get adminAddress(): ListenAddress | undefined;
      reopenLogs(): Promise<void>;
      get hooks(): Hooks;
      get tasks(): Scheduler;
      get counts(): Counts;
      get report(): Report;
      get secrets(): SharedSecrets;
      get extensions(): readonly Extension[];
      use(...extensions: Extension[]): this;
      remove(...extensions: (Extension | string)[]): this;
      start(): Promise<this>;
      checkCertificates(): Promise<void>;
      reloadCertificates(): Promise<void>;
      stop({ deadline, isReplaced }?: StopOptions): Promise<void>;
      reload(): Promise<void>;
      get retired(): Promise<void>;
      [Symbol.asyncDispose](): Promise<void>;
      fetch(request: Request | globalThis.Request): Promise<Response>;
  }
  interface WorkerExit {
      readonly worker: number;
      readonly pid: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
  }
  function accepts<Type extends string>(request: Request<unknown>, types: readonly Type[]): Type | undefined;
  function acceptsEncoding<Coding extends string>(request: Request<unknown>, codings: readonly Coding[]): Coding | "identity" | undefined;
  function acceptsLanguage<Language extends string>(request: Request<unknown>, languages: readonly Language[]): Language | undefined;
  function accessLog(options?: AccessLogOptions): AccessLog;
  function allowIps({ status }?: AllowIpsOptions): Extension;
  function arc(): Arc;
  function authorization(request: Request<unknown>): AuthScheme | undefined;
  function basicCredentials(request: Request<unknown>): BasicCredentials | undefined;
  function bearerToken(request: Request<unknown>): string | undefined;
  function cacheControl(message: Request<unknown> | Response): CacheControl;
  function cacheDirective(): Extension;
  function compression(options?: CompressionOptions): Layer;
  function cookies(request: Request<unknown>): Pairs;
  function cors({ rules }: CorsOptions): Extension;
  function cron(expression: string, { timeZone }?: CronOptions): Schedule;
  function csp({ rules, hashes, ...changes }?: CspOptions): Extension;
  function defineConfig(options: ServerOptions): ServerOptions;
  function defineScript(script: Script): Script;
  function deleteCookie(response: Response, name: string, attributes?: Omit<CookieAttributes, "maxAge" | "expires">): void;
  function descriptorCache(options?: {
      files?: number;
  }): FileCache;
  function dictionaries(options: DictionaryOptions): Dictionaries;
  function dnsExec(program: string, ...args: readonly string[]): DnsProvider;
  function dnsUpdate(options: DnsUpdateOptions): DnsProvider;
  function download(): Extension;
  function errorPages(folder?: string): Extension;
  function escapeAttribute(text: string): string;
  function escapeHtml(text: string): string;
  function escapeJs(text: string): string;
  function escapeUrl(text: string): string;
  function events(source: AsyncIterable<ServerEvent | string>, init?: ResponseInit): Response;
  function every(duration: Duration): Schedule;
  function files(root: string, options?: LoaderOptions): FilesHandler;
  function form(request: Request<unknown>, { limits }?: MultipartOptions): Promise<Form>;
  function formatChallenge(scheme: string, parameters: Readonly<Record<string, string>>): string;
  function hide(): Extension;
  function host(name: string, options?: HostOptions): Host;
  function html(value: string | {
      toString(): string;
  }, init?: ResponseInit): Response;
  function json(value: unknown, init?: ResponseInit): Response;
  function limiter(...rules: readonly LimitRule[]): Extension;
  function markdown({ template, endings }?: MarkdownOptions): Extension;
  function markup(pieces: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup;
  function mediaTypeOf(path: string): string;
  function memoryCache(options?: {
      bytes?: number;
      largest?: number;
  }): FileCache;
  function memoryStore<V>(options?: MemoryStoreOptions): Store<V>;
  function multipart(request: Request<unknown>, { limits }?: MultipartOptions): AsyncGenerator<Part, void, undefined>;
  function nonce({ endings }?: NonceOptions): Extension;
  function nonceOf(request: Request): string;
  function notModified(request: Request<unknown>, { etag, lastModified }: Representation, init?: Pick<ResponseInit, "headers">): Response | undefined;
  function problem(status: number, members?: Problem, init?: ResponseInit): Response;
  function proxy(target: string | URL, options?: ProxyOptions): Handler;
  function readCertificate({ cert, key, passphrase }: CertificateFiles, place?: SourcePlace): Certificate;
  function redirect(to: string | URL, { permanent, ...init }?: RedirectInit): Response;
  function referrerPolicy(policy?: ReferrerPolicy, rules?: readonly ReferrerRule[]): Extension;
  function renderedResponse(before: Response, rendering: Rendering): Response;
  function rewrite(request: Request, target: string): Request;
  function saveUploads(request: Request<unknown>, folder: string, { limits, types }?: UploadOptions): Promise<Uploads>;
  function scoped(scope: Scope, extension: Extension): Extension;
  function securityFields(options?: SecurityFieldsOptions): Extension;
  function setCookie(response: Response, name: string, value: string, attributes?: CookieAttributes): void;
  function sourceText(response: Response): MaybePromise<string>;
  function stream(source: AsyncIterable<Uint8Array | string> | ReadableStream, { type, ...init }?: StreamInit): Response;
  function task(name: string, run: (run: TaskRun) => MaybePromise<unknown>): Task;
  function task(name: string, options: TaskOptions, run: (run: TaskRun) => MaybePromise<unknown>): Task;
  function templates(options?: TemplateOptions): Extension;
  function text(value: string, init?: ResponseInit): Response;
  function trustedMarkup(html: string): Markup;
  function upgrade(protocol: string, take: Upgrade, headers?: HeadersInit): Response;
}

declare module "millrace/testing" {
  class FakeReactor {
      #private;
      constructor(app: App | ServerOptions);
      request({ json, ...init }?: FakeRequest): Promise<Response>;
      get(path: string, init?: FakeRequest): Promise<Response>;
      head(path: string, init?: FakeRequest): Promise<Response>;
      post(path: string, body?: ContentInit, init?: FakeRequest): Promise<Response>;
      put(path: string, body?: ContentInit, init?: FakeRequest): Promise<Response>;
      patch(path: string, body?: ContentInit, init?: FakeRequest): Promise<Response>;
      delete(path: string, init?: FakeRequest): Promise<Response>;
  }
  interface FakeRequest {
      readonly method?: string | undefined;
      readonly path?: string | undefined;
      readonly headers?: HeadersInit | undefined;
      readonly body?: ContentInit;
      readonly json?: unknown;
      readonly host?: string | undefined;
      readonly remoteAddress?: string | undefined;
      readonly secure?: boolean | undefined;
      readonly client?: ClientCertificate | undefined;
  }
  interface TestServer extends AsyncDisposable {
      readonly url: string;
      readonly server: WebServer;
      readonly ca: string | undefined;
      fetch(path: string, init?: globalThis.RequestInit): Promise<globalThis.Response>;
      close(): Promise<void>;
  }
  interface TestServerOptions {
      readonly tls?: boolean | undefined;
  }
  function testServer(app: App | ServerOptions, { tls }?: TestServerOptions): Promise<TestServer>;
}
