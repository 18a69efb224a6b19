import { callerPlace, MillraceError, type SourcePlace } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { ResponseCache } from "../cache/response-cache.ts";
import { reopenLogs } from "../extensions/access-log/reopen-logs.ts";
import { upstreamStatus } from "../extensions/proxy/upstream-health.ts";
import type { Hosts } from "../hosts/hosts.ts";
import { joinFetchStandard } from "../http/fetch-standard.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import { byPriority, type Extension } from "../pipeline/stages.ts";
import { Certificates } from "../tls/certificates.ts";
import { AcceptLimits } from "../transport/accept-limits.ts";
import type { ListenAddress } from "../transport/connection.ts";
import { descriptorLimit } from "../transport/descriptor-limit.ts";
import { checkOptions } from "./check-options.ts";
import { answerDirectly } from "./direct.ts";
import type { Hooks } from "./hooks.ts";
import { Life } from "./life.ts";
import type { ServerOptions } from "./options.ts";
import { certificateStatus, openDescriptors, type Report } from "./report.ts";
import type { Scheduler } from "./scheduler/scheduler.ts";
import { ServedHere } from "./served-here.ts";
import { ServerApp } from "./server-app.ts";
import { serverLog } from "./server-log.ts";
import { securedOf } from "./server-places.ts";
import { ServerSecurity } from "./server-security.ts";
import { ServerInstance } from "./system/server-instance.ts";
import { urlOf } from "./url-of.ts";
import type { Counts } from "./workers/counts.ts";
import { membership } from "./workers/membership.ts";
import type { SharedSecrets } from "./workers/secrets.ts";
import { ServerWorkers } from "./workers/server-workers.ts";
import { sharedSecrets } from "./workers/shared-secrets.ts";
import { startAsWorker } from "./workers/start-as-worker.ts";

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
  /** Where it was made. */
  readonly #place: SourcePlace | undefined;
  readonly #log: Log;
  readonly #life: Life;
  readonly #accept: AcceptLimits;
  readonly #app: ServerApp;
  /** Undefined in a worker: others know its primary. */
  readonly #instance: ServerInstance | undefined;
  readonly #workers: ServerWorkers;
  readonly #here: ServedHere;
  #state: ServerState = "new";
  #stopped: Promise<void> | undefined;

  /** @throws {MillraceError} `UNKNOWN_OPTION`, `BAD_OPTION`, `BAD_LISTEN`; what routes that conflict throw */
  constructor(options: ServerOptions) {
    const place = callerPlace();
    this.#place = place;
    checkOptions(options, place);
    joinFetchStandard();
    this.options = options;
    const development = options.development ?? process.env["NODE_ENV"] === "development";
    const log = serverLog(options, development);
    this.#log = log;
    const { hooks, tasks } = options;
    const life = new Life({ log, hooks, tasks, worker: membership?.id });
    this.#life = life;
    const accept = new AcceptLimits(options);
    this.#accept = accept;
    const app = new ServerApp({ options, development, life, accept, log, place });
    this.#app = app;
    this.hosts = app.hosts;
    this.cache = app.cache;
    const workers = new ServerWorkers(this, (over) => this.#instance?.reloading(over));
    this.#workers = workers;
    const instance = membership === undefined ? new ServerInstance(this, workers) : undefined;
    this.#instance = instance;
    this.#here = new ServedHere({ server: this, app, life, accept, instance, place });
  }

  /** What the server is doing. */
  get state(): ServerState {
    return this.#state;
  }

  /** Where it listens, in the order of the option `listen`; empty when it does not. */
  get addresses(): readonly ListenAddress[] {
    return this.#workers.addresses ?? this.#here.addresses;
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
    return this.#instance?.adminAddress;
  }

  /**
   * Has all log files go on in new ones of the same name, in all workers: for who has renamed them. What went wrong is logged,
   * and that log goes on in the file that it has.
   */
  async reopenLogs(): Promise<void> {
    await reopenLogs().catch((error: Error) => this.#log.write("error", error.message));
    // Whoever made the file first may make it for the workers, which perhaps may not.
    this.#workers.primary?.switchboard.broadcast("reopen", {});
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
    const { sessions, requests } = this.#app.http;
    return { connections: sessions, requests, cache: this.cache?.counts };
  }

  /** How this process is, beside its counts. */
  get report(): Report {
    const { maxConnections, refused } = this.#accept;
    return {
      tasks: this.tasks.status(),
      upstreams: upstreamStatus(),
      certificates: certificateStatus(this.certificates, (certificate) => this.#here.stapleStatus(certificate)),
      automatic: this.#here.automatic,
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
    return byPriority(this.#app.extensions);
  }

  /**
   * Adds extensions around all hosts, also while requests come: the next one meets them.
   *
   * @throws {MillraceError} `BAD_OPTION` when one of them prepares responses; `BAD_SCOPE`
   */
  use(...extensions: Extension[]): this {
    this.#app.extensions = [...this.#app.extensions, ...extensions];
    return this;
  }

  /**
   * Removes extensions that stand around all hosts, each given as itself or by its name: the next request does not meet
   * them. They are not closed, since requests under way still meet them; who removes one closes it.
   */
  remove(...extensions: (Extension | string)[]): this {
    const isGone = (each: Extension): boolean => extensions.includes(each) || extensions.includes(each.name);
    this.#app.extensions = this.#app.extensions.filter((each) => !isGone(each));
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
    const { workers } = this.options;
    try {
      await this.#instance?.starting();
      if (membership !== undefined) await startAsWorker(this, this.#here, membership);
      else if (workers === undefined) await this.#startHere();
      else await this.#workers.start(workers, () => this.#instance?.takeAll());
      await this.#instance?.listening();
    } catch (error) {
      const isReplaced = this.#instance?.abandon() === true;
      // Somebody may have been let in already, in the place of the server that goes on.
      await this.stop({ deadline: isReplaced ? FAILED_DEADLINE : 0, isReplaced });
      throw error;
    }
    this.#state = "listening";
    return this;
  }

  async #startHere(): Promise<void> {
    const number = this.#workers.enrol();
    // Who becomes somebody else cannot open it later where its user looks for it.
    if (this.#instance?.isToDrop === true) await this.#instance.openControl();
    await this.#here.open(number);
    this.#here.stand(number, (primary) => this.#workers.lead(primary));
  }

  /**
   * @internal Looks whether certificates can be read, and could be ordered, as the options say.
   *
   * @throws {MillraceError} what is wrong with a certificate; `ACME_TERMS`, `ACME_NAMES`, `ACME_CHALLENGE`
   */
  async checkCertificates(): Promise<void> {
    const { options, hosts, certificates } = this;
    const subject = { options, hosts, certificates, log: this.#log, place: this.#place };
    await ServerSecurity.check(subject, securedOf(options));
  }

  /**
   * Looks now whether the files of certificates have been replaced, which is otherwise done every five seconds: for
   * programs that have just written them.
   */
  async reloadCertificates(): Promise<void> {
    await this.#here.lookAtCertificates();
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
    await this.#workers.reload();
  }

  /** Resolves when what this process served before its first reload is over. */
  get retired(): Promise<void> {
    return this.#here.retired ?? Promise.resolve();
  }

  #abort(): void {
    this.#workers.primary?.abort();
    this.#here.abort();
  }

  async #stop(deadline: number, isReplaced: boolean): Promise<void> {
    const wasStarted = this.#state !== "new";
    this.#state = "stopping";
    this.#instance?.stopping(isReplaced);
    const { primary } = this.#workers;
    if (primary === undefined) await this.#here.end(deadline, isReplaced, wasStarted);
    else {
      if (!isReplaced) this.#here.hurry();
      await Promise.all([primary.stop(deadline, isReplaced), this.#here.retired]);
    }
    await this.#instance?.stopped();
    this.#state = "stopped";
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
    return answerDirectly(this.#app.http, request);
  }
}
