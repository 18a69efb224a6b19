import { callerPlace, MillraceError, originOf, type SourcePlace } from "../base/errors.ts";
import { type Log, silentLog } from "../base/log.ts";
import { compression } from "../cache/compression.ts";
import { ResponseCache } from "../cache/response-cache.ts";
import { isClientGone } from "../http/client-gone.ts";
import { joinFetchStandard } from "../http/fetch-standard.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { HttpError } from "../http/http-error.ts";
import { HTTP_LIMITS } from "../http/http-limits.ts";
import { HttpServer } from "../http/http-server.ts";
import { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import { reopenLogs } from "../extensions/access-log/reopen-logs.ts";
import { byPriority, type Extension } from "../pipeline/stages.ts";
import { Certificates } from "../tls/certificates.ts";
import { AcceptLimits } from "../transport/accept-limits.ts";
import type { SecureConnection } from "../tls/secure-connection.ts";
import type { Connection, ListenAddress } from "../transport/connection.ts";
import { descriptorLimit } from "../transport/descriptor-limit.ts";
import { acceptProxyProtocol } from "../transport/proxy-protocol.ts";
import type { ListenWhere } from "../transport/tcp.ts";
import { DEFAULT_LIMITS, Watchdog } from "../transport/watchdog.ts";
import { upstreamStatus } from "../extensions/proxy/upstream-health.ts";
import type { Host } from "../hosts/host.ts";
import type { Hosts } from "../hosts/hosts.ts";
import { fold, type Folded } from "./app.ts";
import { checkOptions } from "./check-options.ts";
import { consoleLog } from "./console-log.ts";
import { autorunOptions } from "./autorun/autorun-options.ts";
import type { Autorun, AutorunState } from "./autorun/autorun.ts";
import { answerPrimary } from "./control/answer-primary.ts";
import type { Control } from "./control/control.ts";
import { PageHook } from "./development/page-hook.ts";
import { developedProgram } from "./development/program.ts";
import type { Pages } from "./development/start-page.ts";
import { answerDirectly } from "./direct.ts";
import { fileLog } from "./file-log.ts";
import type { Takeover } from "./handover/takeover.ts";
import type { Hooks } from "./hooks.ts";
import { Life } from "./life.ts";
import { listenEverywhere, type OpenPlace } from "./listen-everywhere.ts";
import { isSecureListen, listOf, parseListen } from "./listen-option.ts";
import type { ServerAcme, ServerAcmeInit } from "./server-acme.ts";
import type { ServerTls } from "./server-tls.ts";
import type { Scheduler } from "./scheduler/scheduler.ts";
import { enrol, stand } from "./workers/enrolment.ts";
import type { Holding } from "./workers/holding.ts";
import { type Membership, membership } from "./workers/membership.ts";
import type { Counts } from "./workers/counts.ts";
import type { Dispatch } from "./workers/messages.ts";
import { shareExtensions } from "./workers/share-extensions.ts";
import type { SharedSecrets } from "./workers/secrets.ts";
import { sharePurges } from "./workers/shared-cache.ts";
import { SharedDrops } from "./workers/shared-drops.ts";
import { inheritSecrets, sharedSecrets } from "./workers/shared-secrets.ts";
import { inheritedSockets, withInherited } from "./system/inherited-sockets.ts";
import type { Admin } from "./system/admin.ts";
import { Service, type Serving } from "./system/service.ts";
import type { Primary } from "./workers/primary.ts";
import type { ServerOptions } from "./options.ts";
import { certificateStatus, openDescriptors, type Report } from "./report.ts";
import { textOf, watchUncaught } from "./uncaught.ts";
import { urlOf } from "./url-of.ts";

/** How {@link WebServer.stop} stops. */
export interface StopOptions {
  /** Milliseconds that exchanges may take to end; then connections are destroyed. Default: 30,000. */
  readonly deadline?: number | undefined;
  /**
   * Whether another process stands in: then idle connections are left open for one more answer, which says that it is the
   * last, because the request for it may be on its way. Default: false, they are closed.
   */
  readonly isReplaced?: boolean | undefined;
}

/** What a server is doing. */
export type ServerState = "new" | "starting" | "listening" | "stopping" | "stopped";

const LISTEN = "127.0.0.1:8080";
const STOP_DEADLINE = 30_000;
const FAILED_DEADLINE = 5000;

/**
 * A web server: listens, speaks HTTP, and has an app or hosts answer.
 *
 * new → starting → listening → stopping → stopped. It is used once: a stopped server does not start again.
 *
 * @example
 * const server = await new WebServer({ listen: ":8080", app: arc().get("/", () => "hello") }).start();
 * await server.stop();
 */
export class WebServer {
  /** As given. */
  readonly options: ServerOptions;
  /** Its hosts; undefined when one handler or app answers everything. */
  readonly hosts: Hosts | undefined;
  /** The cache of responses, to purge; undefined without one. */
  readonly cache: ResponseCache | undefined;
  /** Its certificates, which may be swapped while it runs. Those of options are there when it listens. */
  readonly certificates: Certificates = new Certificates();
  #tls: ServerTls | undefined;
  #acme: ServerAcme | undefined;
  /** Where it was made. */
  readonly #place: SourcePlace | undefined;
  readonly #life: Life;
  readonly #http: HttpServer;
  readonly #watchdog = new Watchdog();
  readonly #accept: AcceptLimits;
  readonly #within: Folded["within"];
  #extensions: readonly Extension[];
  readonly #log: Log;
  #places: readonly OpenPlace[] = [];
  #primary: Primary | undefined;
  #control: Control | undefined;
  #admin: Admin | undefined;
  /** Undefined in a worker: the system knows its primary. */
  readonly #service: Service | undefined;
  #autorun: Autorun | undefined;
  /** In development alone. */
  readonly #hook: PageHook | undefined;
  #pages: Pages | undefined;
  /** Its number among the servers of a worker. */
  #number = 0;
  #state: ServerState = "new";
  /** The instance that it stands in for. */
  #takeover: Takeover | undefined;
  #stopped: Promise<void> | undefined;
  /** What takes it from the servers that this process runs itself. */
  #sit: () => void = () => {};
  /** Resolves when what this process served before its first reload is over. */
  #retired: Promise<void> | undefined;

  /** @throws {MillraceError} `UNKNOWN_OPTION`, `BAD_OPTION`, `BAD_LISTEN`; what routes that conflict throw */
  constructor(options: ServerOptions) {
    const place = callerPlace();
    this.#place = place;
    checkOptions(options, place);
    joinFetchStandard();
    this.options = options;
    const development = options.development ?? process.env["NODE_ENV"] === "development";
    this.#log = logOf(options, development);
    this.#service = membership === undefined ? new Service(options, this.#log) : undefined;
    this.#accept = new AcceptLimits(options);
    const drops = new SharedDrops(this.#accept, membership);
    const { hooks, tasks } = options;
    this.#life = new Life({ log: this.#log, hooks, tasks, worker: membership?.id });
    const report = (error: unknown, request: Request): void => {
      this.#http.report(error, request);
      if (!isClientGone(error, request)) this.#life.failed(error, request);
    };
    this.cache = cacheOf(options.cache);
    this.#hook = development ? new PageHook() : undefined;
    const compress = compressOf(options.compress);
    const between = { cache: this.cache?.layer, compress: this.#hook?.within(compress) ?? compress };
    const { hosts, within } = fold(options, { development, report }, between, place, (handler) => {
      const inner = this.#life.around(handler);
      return this.#hook?.answering(inner) ?? inner;
    });
    this.hosts = hosts;
    this.#within = within;
    this.#extensions = options.extensions ?? [];
    this.#http = new HttpServer({
      handler: within(this.#extensions),
      limits: { ...HTTP_LIMITS, ...options.limits },
      phases: { ...DEFAULT_LIMITS, ...options.timeouts },
      watchdog: this.#watchdog,
      log: this.#log,
      isCrowded: () => this.#accept.isCrowded,
      onDrop: (address, milliseconds) => drops.drop(address, milliseconds),
    });
  }

  /** What the server is doing. */
  get state(): ServerState {
    return this.#state;
  }

  /** Where it listens, in the order of the option `listen`; empty when it does not. */
  get addresses(): readonly ListenAddress[] {
    return this.#primary?.addresses(this.#number) ?? this.#places.map(({ address }) => address);
  }

  /**
   * The URL of the first listener, which may differ from what was asked for: port 0 is any free one.
   *
   * @throws {MillraceError} `NOT_LISTENING`
   */
  get url(): string {
    const [address] = this.addresses;
    if (address === undefined) throw new MillraceError("NOT_LISTENING", "The server does not listen.");
    return urlOf(address);
  }

  /** Where its messages go. */
  get log(): Log {
    return this.#log;
  }

  /** Where it answers probes; undefined when it does not. */
  get adminAddress(): ListenAddress | undefined {
    return this.#admin?.address;
  }

  /**
   * Has all log files go on in new ones of the same name, in all workers: for who has renamed them. What went wrong is logged,
   * and that log goes on in the file that it has.
   */
  async reopenLogs(): Promise<void> {
    await reopenLogs().catch((error: Error) => this.#log.write("error", error.message));
    // Whoever made the file first may make it for the workers, which perhaps may not.
    this.#primary?.broadcast("reopen", {});
  }

  /** Where others act at the turns of its life. With `workers`, those of this process. */
  get hooks(): Hooks {
    return this.#life.hooks;
  }

  /** What it does beside answering. With `workers`, the tasks of this process, which has none of the workers'. */
  get tasks(): Scheduler {
    return this.#life.tasks;
  }

  /** How many of what this process has. */
  get counts(): Counts {
    const { sessions, requests } = this.#http;
    return { connections: sessions, requests, cache: this.cache?.counts };
  }

  /** How this process is, beside its counts. */
  get report(): Report {
    const { maxConnections, refused } = this.#accept;
    return {
      tasks: this.tasks.status(),
      upstreams: upstreamStatus(),
      certificates: certificateStatus(this.certificates),
      automatic: this.#acme?.status() ?? [],
      limits: { descriptors: openDescriptors(), maxDescriptors: descriptorLimit(), maxConnections, refused },
    };
  }

  /**
   * Random octets that all workers have in common, renewed every 12 hours, for what need not outlive the server: tickets,
   * tokens of forms.
   */
  get secrets(): SharedSecrets {
    return sharedSecrets();
  }

  /** The extensions around all hosts, in the order that their stages run in. */
  get extensions(): readonly Extension[] {
    return byPriority(this.#extensions);
  }

  /**
   * Adds extensions around all hosts, also while requests come: the next one meets them.
   *
   * @throws {MillraceError} `BAD_OPTION` when one of them prepares responses; `BAD_SCOPE`
   */
  use(...extensions: Extension[]): this {
    return this.#change([...this.#extensions, ...extensions]);
  }

  /**
   * Removes extensions that stand around all hosts, each given as itself or by its name: the next request does not meet
   * them. They are not closed, since requests under way still meet them; who removes one closes it.
   */
  remove(...extensions: (Extension | string)[]): this {
    const isGone = (each: Extension): boolean => extensions.includes(each) || extensions.includes(each.name);
    return this.#change(this.#extensions.filter((each) => !isGone(each)));
  }

  #change(extensions: readonly Extension[]): this {
    this.#http.handler = this.#guarded(this.#within(extensions));
    this.#extensions = extensions;
    return this;
  }

  /**
   * Calls `onStartup`, then listens everywhere. When one listener fails, none is left. With `workers` that is done in each
   * of them, and this process serves nothing itself: it resolves when all of them listen.
   *
   * @throws {MillraceError} `ALREADY_STARTED`; `PORT_IN_USE` and its kin from the listeners; `START_FAILED` from a worker;
   *   what `onStartup` throws
   */
  async start(): Promise<this> {
    if (this.#state !== "new") {
      throw new MillraceError("ALREADY_STARTED", `The server cannot be started: it is ${this.#state}.`, {
        hint: "Make another WebServer of the same options.",
        place: callerPlace(),
      });
    }
    this.#state = "starting";
    const { workers, dispatch = "reuse-port" } = this.options;
    try {
      this.#service?.starting();
      this.#takeover = await this.#takeOver();
      await this.#beAdministered();
      if (membership !== undefined) await this.#startAsWorker(membership);
      else if (workers === undefined) await this.#startHere();
      else await this.#startElsewhere(workers, dispatch);
      await this.#beControlled();
      this.#service?.listening(this.#serving);
      this.#takeover?.complete();
    } catch (error) {
      this.#takeover?.abandon();
      // Somebody may have been let in already, in the place of the server that goes on.
      await this.stop(this.#takeover === undefined ? { deadline: 0 } : { deadline: FAILED_DEADLINE, isReplaced: true });
      throw error;
    }
    this.#state = "listening";
    return this;
  }

  /** What the system is told of it. */
  get #serving(): Serving {
    return {
      urls: this.addresses.map(urlOf),
      isAlive: () => this.#primary === undefined || this.#primary.isAlive,
    };
  }

  /** Receives the sockets of the instance that has the name, if one runs. */
  async #takeOver(): Promise<Takeover | undefined> {
    const { name, takeover = false } = this.options;
    if (!takeover || membership !== undefined) return undefined;
    if (typeof name !== "string") throw new MillraceError("BAD_OPTION", "takeover needs a name: whose sockets?", {});
    const { Takeover } = await import("./handover/takeover.ts");
    const begun = await Takeover.begin(name, this.#log);
    if (begun !== undefined) inheritSecrets(begun.secrets);
    return begun;
  }

  /** Opens the control socket of an instance that has a name. */
  async #beControlled(): Promise<void> {
    const { name } = this.options;
    if (name === undefined || membership !== undefined || this.#control !== undefined) return;
    const [{ Control }, { controlledServer }] = await Promise.all([
      import("./control/control.ts"),
      import("./control/controlled-server.ts"),
    ]);
    const subject = controlledServer(this, this.#number, () => this.#primary);
    this.#control =
      typeof name === "string"
        ? await Control.open(name, subject, this.#takeover !== undefined)
        : await Control.openLike(name.like, subject);
  }

  /** Answers probes where the option says, from before the start until after the end. */
  async #beAdministered(): Promise<void> {
    const { admin } = this.options;
    if (admin === undefined || membership !== undefined) return;
    const [{ Admin }, { administered }] = await Promise.all([
      import("./system/admin.ts"),
      import("./system/administered.ts"),
    ]);
    const subject = administered(this, () => ({ number: this.#number, primary: this.#primary }));
    this.#admin = await Admin.open(admin, subject, this.#log, (key) => this.#takeover?.take(key));
  }

  async #startHere(): Promise<void> {
    this.#number = enrol();
    // Who becomes somebody else cannot open it later where its user looks for it.
    if (this.#service?.isToDrop === true) await this.#beControlled();
    await this.#listen();
    const holdings = (): Holding[] => this.#places.flatMap(({ holding }) => holding ?? []);
    this.#sit = stand({ number: this.#number, holdings, retire: (primary) => this.#retire(primary) });
  }

  async #listen(): Promise<void> {
    await this.options.onStartup?.();
    await this.#startPages();
    await this.#startScripts();
    await this.#life.loaded();
    this.#places = await this.#listenEverywhere();
    if (this.hosts !== undefined) this.hosts.securePort = securePortOf(this.addresses);
    this.#acme?.start();
    await this.#life.listening(this.addresses);
  }

  get #hasScripts(): boolean {
    const isNamed = autorunOptions(this.options.autorun).folder !== undefined;
    return isNamed || this.hosts?.list.some((host) => host.autorun !== undefined) === true;
  }

  /** In development pages are told what changes, where anything is watched. */
  async #startPages(): Promise<void> {
    if (this.#hook === undefined || (developedProgram() === undefined && !this.#hasScripts)) return;
    const { startPages } = await import("./development/start-page.ts");
    this.#pages = startPages(this.#hook, this.hosts);
  }

  async #startScripts(): Promise<void> {
    if (!this.#hasScripts) return;
    const { startAutorun } = await import("./autorun/start-autorun.ts");
    const onRun = (state: AutorunState): void => this.#pages?.onScripts(state);
    const parts = { server: this, log: this.#log, place: this.#place, member: membership, onRun };
    this.#autorun = await startAutorun(parts);
  }

  async #startAsWorker(member: Membership): Promise<void> {
    const { workers = 1, recycle = {}, workerTimeouts: timeouts = {} } = this.options;
    this.#number = member.enrol({ workers, recycle, timeouts });
    member.on("reopen", () => void this.reopenLogs());
    if (this.cache !== undefined) sharePurges(this.cache, member);
    await member.welcomed;
    shareExtensions(this.#allExtensions(), member, this.#number);
    answerPrimary(this, member, this.#number);
    await this.#listen().catch((error: unknown) => {
      member.withdraw(this.#number);
      throw error;
    });
    member.onStop((how) => void this.stop(how).finally(() => member.stopped(this.#number)));
    watchUncaught(this.#log, async (error, deadline) => {
      member.fail(textOf(error), originOf(error), deadline);
      // The last server that has stopped ends the process.
      await new Promise(() => {});
    });
    member.ready(this.#number, this.addresses, () => this.counts);
  }

  async #startElsewhere(workers: number | "auto", dispatch: Dispatch): Promise<void> {
    const { fleet } = await import("./workers/fleet.ts");
    const { secrets = [] } = this.#takeover ?? {};
    const legacy = this.#takeover && { holdings: this.#takeover.takeAll(), secrets };
    const primary = fleet(workers, dispatch, this.#log, legacy);
    this.#lead(primary);
    this.#number = enrol();
    await primary.started(this.#number);
  }

  /** This process keeps workers. */
  #lead(primary: Primary): void {
    this.#primary = primary;
    primary.onWorkerExit(({ id: worker, pid }, cause) => {
      const how =
        typeof cause === "number" ? { code: cause, signal: null } : { code: null, signal: cause as NodeJS.Signals };
      void this.hooks.safeCall("workerExit", { worker, pid, ...how });
    });
    primary.onReload = (over) => this.#service?.reloading(over, this.#serving);
  }

  async #listenEverywhere(): Promise<OpenPlace[]> {
    const { listen: option = LISTEN, reusePort, proxyProtocol } = this.options;
    const options = listOf(option);
    const given = withInherited(options.map(parseListen), inheritedSockets());
    const places = given.map(({ where }) => where);
    const isSecure = options.map(isSecureListen);
    const secured = given.map(({ from }) => (from === undefined ? isSecure.every(Boolean) : isSecure[from] === true));
    const behindProxies = (accept: (connection: Connection) => void): ((connection: Connection) => void) =>
      proxyProtocol === undefined
        ? accept
        : acceptProxyProtocol({ ...proxyProtocol, watchdog: this.#watchdog }, (connection) => {
            // Only now is it known whose connection it is.
            if (this.#accept.isDropped(connection.remoteAddress)) connection.destroy();
            else accept(connection);
          });
    const plainly = behindProxies((connection) => this.#http.accept(connection));
    const tls = secured.includes(true) || this.#requiresClients ? await this.loadTls() : undefined;
    this.#tls = tls;
    this.#guardHosts();
    await this.#openAcme(secured);
    // What is looked at before all else is known only now.
    if (this.#acme !== undefined || tls?.asksClients === true) this.#change(this.#extensions);
    const securely = tls === undefined || !secured.includes(true) ? plainly : behindProxies(this.#secure(tls));
    const onError = (error: Error): void => this.#log.write("error", "Connections cannot be accepted", { error });
    const settings = { reusePort, limits: this.#accept, onError };
    const bound = this.#service?.isToDrop === true ? await this.#bindAsRoot(places) : undefined;
    return listenEverywhere(places, {
      server: this.#number,
      onConnection: (index) => (secured[index] === true ? securely : plainly),
      isSecure: (index) => secured[index] === true,
      settings,
      inherited: (key) => bound?.get(key) ?? this.#takeover?.take(key),
    });
  }

  /** Binds, and becomes who is to accept. */
  async #bindAsRoot(places: readonly ListenWhere[]): Promise<ReadonlyMap<string, Holding>> {
    const { bindAsRoot } = await import("./system/bind-as-root.ts");
    const bound = await bindAsRoot(places, this.#number);
    this.#service?.bound();
    return bound;
  }

  async #openAcme(secured: readonly boolean[]): Promise<void> {
    const init = this.#acmeInit(secured);
    if (init === undefined) return;
    const { ServerAcme } = await import("./server-acme.ts");
    const topic = `certificate/${this.#number}`;
    const acme = await ServerAcme.open({ ...init, tell: (name) => void membership?.broadcast(topic, name) });
    membership?.on(topic, (name) => acme.look(name as string));
    this.#acme = acme;
  }

  #acmeInit(secured: readonly boolean[]): ServerAcmeInit | undefined {
    const { acme: options } = this.options;
    if (options === undefined) return undefined;
    const listens = { plainly: secured.includes(false), securely: secured.includes(true) };
    const { certificates } = this;
    return { options, hosts: this.hosts?.list ?? [], certificates, listens, log: this.#log, place: this.#place };
  }

  /**
   * @internal Looks whether certificates could be ordered as the options say.
   *
   * @throws {MillraceError} `ACME_TERMS`, `ACME_NAMES`, `ACME_CHALLENGE`
   */
  async checkAcme(): Promise<void> {
    const init = this.#acmeInit(listOf(this.options.listen ?? LISTEN).map(isSecureListen));
    if (init === undefined) return;
    const { ServerAcme } = await import("./server-acme.ts");
    ServerAcme.check(init);
  }

  /** Takes connections from now on. @returns what makes them secure ones */
  #secure(tls: ServerTls): (connection: Connection) => void {
    const timeout = this.#http.phases.handshake;
    const securing = { secrets: this.secrets, watchdog: this.#watchdog, timeout, protocols: ["h2", "http/1.1"] };
    // A client that does not speak of ALPN speaks HTTP/1.1. RFC 9113 §3.2.
    const accept = (connection: SecureConnection): void =>
      this.#http.accept(connection, connection.protocol === "h2" ? "h2" : "http/1.1");
    return tls.start(securing, accept);
  }

  /**
   * @internal Reads the certificates of the options.
   *
   * @throws {MillraceError} `CERTIFICATE_MISSING` and what else is wrong with a certificate
   */
  async loadTls(): Promise<ServerTls> {
    const { ServerTls } = await import("./server-tls.ts");
    const { certificates } = this;
    const { tls = {} } = this.options;
    const hosts = this.hosts?.list ?? [];
    return ServerTls.load({ tls, hosts, certificates, log: this.#log, place: this.#place });
  }

  /**
   * Looks now whether the files of certificates have been replaced, which is otherwise done every five seconds: for
   * programs that have just written them.
   */
  async reloadCertificates(): Promise<void> {
    await this.#tls?.look();
  }

  /** The handler, behind what has to be looked at before all else: proofs of ACME, and the rules of TLS of hosts. */
  #guarded(handler: Handler): Handler {
    const guarded = this.#withinRules(handler);
    return this.#acme === undefined ? guarded : this.#acme.around(guarded);
  }

  /** Whether certificates of clients are required, also where no listener could ask for them: then nobody is let in. */
  get #requiresClients(): boolean {
    const { tls = {} } = this.options;
    const ofServer = tls === "development" ? undefined : tls.clientCertificate;
    return ofServer === "require" || this.hosts?.list.some(requiresClients) === true;
  }

  /** Hosts that are added from now on bring their TLS along. */
  #guardHosts(): void {
    const { hosts } = this;
    if (hosts === undefined) return;
    const tls = this.#tls;
    hosts.guard = {
      add: (added) => {
        if (tls === undefined) return refuseRequiring(added);
        const asked = tls.asksClients;
        tls.add(added);
        if (tls.asksClients !== asked) this.#change(this.#extensions);
      },
      remove: (removed) => tls?.remove(removed),
      mayFallBack: (request, any) => tls?.asksClients !== true || tls.mayFallBack(Request.peer(request), any),
    };
    // Those that came while the others were read.
    hosts.guard.add(hosts.list);
  }

  /** For requests that have come over a connection on which the rules of their host were met. */
  #withinRules(handler: Handler): Handler {
    const tls = this.#tls;
    if (tls?.asksClients !== true) return handler;
    const { hosts } = this;
    return (request) => {
      const { host } = request;
      if (tls.isMisdirected(Request.peer(request), host, hosts?.answering(host))) throw new HttpError(421);
      return handler(request);
    };
  }

  /**
   * Stops: accepts no more connections, lets exchanges end, each of which says that its connection closes, then calls
   * `onShutdown`. What is not over by the deadline is destroyed. A second call may only make the deadline shorter.
   */
  stop({ deadline = STOP_DEADLINE, isReplaced = false }: StopOptions = {}): Promise<void> {
    // A timer cannot be set for longer, and what takes 24 days needs none.
    const timer = deadline > 0x7fffffff ? undefined : setTimeout(() => this.#abort(), deadline);
    this.#stopped ??= this.#stop(deadline, isReplaced);
    return this.#stopped.finally(() => clearTimeout(timer));
  }

  /**
   * Starts the program anew, in new processes, and lets the old ones end what they have when the new ones listen. A server
   * without workers has one from then on, and its process keeps it. When the program or its config is broken nothing has
   * changed.
   *
   * @throws {MillraceError} why the new program cannot start; `NOT_LISTENING`; `HANDOVER_UNDER_WAY`; `IN_WORKER` where
   *   the primary decides
   * @example
   * process.on("SIGUSR2", () => void server.reload().catch(() => {}));
   */
  async reload(): Promise<void> {
    if (membership !== undefined) {
      throw new MillraceError("IN_WORKER", "A worker cannot reload its program, only the process that keeps it can.", {
        hint: "Run millrace reload, or send SIGHUP to the parent process.",
      });
    }
    if (this.#state !== "listening") throw new MillraceError("NOT_LISTENING", "The server does not listen.");
    const { whileReloading } = await import("./handover/succession.ts");
    await whileReloading(async () => {
      if (this.#primary !== undefined) return this.#primary.reload();
      const { promote } = await import("./workers/promotion.ts");
      const over = promote(this.options.dispatch ?? "reuse-port", this.#log);
      this.#service?.reloading(over, this.#serving);
      await over;
    });
  }

  /** Workers serve in place of this process. */
  #retire(primary: Primary): void {
    this.#lead(primary);
    for (const { holding } of this.#places) holding?.file?.disown();
    const timer = setTimeout(() => this.#http.abort(), STOP_DEADLINE);
    this.#retired = this.#endHere(STOP_DEADLINE, true).finally(() => clearTimeout(timer));
    this.#retired.catch((error: unknown) =>
      this.#log.write("error", "What was served before has not ended", { error }),
    );
  }

  /** Resolves when what this process served before its first reload is over. */
  get retired(): Promise<void> {
    return this.#retired ?? Promise.resolve();
  }

  #abort(): void {
    this.#primary?.abort();
    this.#tls?.abort();
    this.#http.abort();
  }

  async #stop(deadline: number, isReplaced: boolean): Promise<void> {
    const wasStarted = this.#state !== "new";
    this.#state = "stopping";
    this.#service?.stopping(isReplaced);
    if (this.#primary === undefined) await this.#endHere(deadline, isReplaced, wasStarted);
    else {
      if (this.#retired !== undefined && !isReplaced) void this.#http.close();
      await Promise.all([this.#primary.stop(deadline, isReplaced), this.#retired]);
    }
    this.#control?.close();
    await this.#admin?.close();
    this.#service?.stopped();
    this.#state = "stopped";
  }

  /** Ends what this process serves itself. */
  async #endHere(deadline: number, isReplaced: boolean, wasStarted = true): Promise<void> {
    this.#sit();
    this.#autorun?.freeze();
    this.#pages?.close();
    await this.#acme?.stop();
    await Promise.all(this.#places.map((place) => place.close()));
    this.#places = [];
    // Who has begun to come in is still let in where somebody waits for the last answer.
    if (isReplaced) await this.#tls?.settled();
    else this.#tls?.abort();
    this.#tls?.close();
    const isOver = isReplaced ? this.#http.leave() : this.#http.close();
    await Promise.all([isOver, wasStarted && this.#life.draining(deadline)]);
    if (wasStarted) await this.options.onShutdown?.();
    for (const extension of this.#allExtensions()) await extension.close?.();
    if (wasStarted) await this.#life.closed();
    await this.#autorun?.end();
  }

  /** Those of the server and those of its hosts, each once. */
  #allExtensions(): Set<Extension> {
    const ofHosts = this.hosts?.list.flatMap(({ extensions }) => extensions) ?? [];
    return new Set([...this.#extensions, ...ofHosts]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * Answers a request that came by no socket: the whole server as one handler. For tests, and for hosts of their own.
   *
   * The response is as a client would see it: without content to HEAD, with Date and, where it is known, Content-Length.
   * What was queued by `onEnd` runs when its content has been read.
   */
  async fetch(request: Request | globalThis.Request): Promise<Response> {
    return answerDirectly(this.#http, request);
  }
}

function requiresClients({ tls }: Host): boolean {
  return tls?.clientCertificate === "require";
}

function refuseRequiring(hosts: readonly Host[]): void {
  const host = hosts.find(requiresClients);
  if (host === undefined) return;
  throw new MillraceError(
    "HOST_NEEDS_TLS",
    `The host ${host.name} requires certificates, and nothing speaks TLS here.`,
    {
      hint: "Give the server a listener with TLS: listen: { port: 443, tls: true }.",
      place: host.names[0]?.place,
    },
  );
}

/** The port that HTTPS is spoken at, if it is spoken at any. */
function securePortOf(addresses: readonly ListenAddress[]): number | undefined {
  const ports = addresses.map((address) =>
    address.kind === "tcp" && address.secure === true ? address.port : undefined,
  );
  return ports.find((port) => port !== undefined);
}

function cacheOf(cache: ServerOptions["cache"]): ResponseCache | undefined {
  if (cache === false) return undefined;
  return cache instanceof ResponseCache ? cache : new ResponseCache(typeof cache === "object" ? cache : {});
}

function compressOf(compress: ServerOptions["compress"]): Layer | undefined {
  return compress === false ? undefined : compression(typeof compress === "object" ? compress : {});
}

function logOf({ log, logFile }: ServerOptions, development: boolean): Log {
  if (log === "off") return silentLog;
  if (typeof log === "object") return log;
  if (logFile === undefined) return consoleLog({ format: log, development });
  const options = typeof logFile === "string" ? { path: logFile } : logFile;
  return fileLog(options, log === "text" ? "text" : "json", development);
}
