import type { Log } from "../base/log.ts";
import type { CompressionOptions } from "../cache/compression.ts";
import type { CacheOptions, ResponseCache } from "../cache/response-cache.ts";
import type { MaybePromise } from "../base/maybe-promise.ts";
import type { Host } from "../hosts/host.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { HttpLimits } from "../http/http-limits.ts";
import type { Extension } from "../pipeline/stages.ts";
import type { AcmeOptions } from "../tls/acme/acme-options.ts";
import type { TlsOptions } from "../tls/tls-options.ts";
import type { PhaseLimits } from "../transport/watchdog.ts";
import type { App } from "./app.ts";
import type { AutorunOptions } from "./autorun/autorun-options.ts";
import type { ServerCommand } from "./commands.ts";
import type { Hooks } from "./hooks.ts";
import type { ListenOption } from "./listen-option.ts";
import type { Task } from "./scheduler/task.ts";
import type { SystemOptions } from "./system/system-options.ts";
import type { Dispatch, Recycling, WorkerTimeouts } from "./workers/messages.ts";

/** What a {@link WebServer} is made of. `app` or `hosts` is needed, everything else has a default. */
export interface ServerOptions extends SystemOptions {
  /**
   * Where to listen; a list for several listeners. Default: port 8080 of every address.
   *
   * Danger: `":80"` and a bare port listen on every address of the machine. For this machine alone write
   * `"127.0.0.1:8080"` or `"localhost:8080"`.
   *
   * Sockets that systemd gives (socket activation) take the place of all of these, unless one of them is `"fd:…"`.
   */
  readonly listen?: ListenOption | readonly ListenOption[] | undefined;
  /**
   * How TLS is spoken by those of `listen` that do: `{ port: 443, tls: true }`. `"development"` is a certificate for this
   * machine, signed by an authority that is made on first use (`millrace cert`). Default: the certificates of `hosts`.
   */
  readonly tls?: TlsOptions | "development" | undefined;
  /**
   * Has certificates ordered and renewed for the names of hosts that have none (ACME). Default: none are. See
   * {@link AcmeOptions}.
   */
  readonly acme?: AcmeOptions | undefined;
  /** Answers every host name that `hosts` does not: a handler, an arc, or an app with `fetch`. A host is one of `hosts`. */
  readonly app?: App | undefined;
  /** Virtual hosts, chosen by the request's host name. */
  readonly hosts?: Hosts | readonly Host[] | undefined;
  /** Extensions that stand around all hosts and see what no host answers too. Those with `prepare` belong to a host. */
  readonly extensions?: readonly Extension[] | undefined;
  /**
   * The cache of responses, for all hosts. Default: one of 256 MiB. It holds what says so by `serverCache`, and what a
   * proxy gives; `false` holds nothing. A {@link ResponseCache} may be shared by servers of one process.
   */
  readonly cache?: boolean | CacheOptions | ResponseCache | undefined;
  /** Whether content is sent compressed (br, zstd, gzip) to who takes it, and how. Default: true. */
  readonly compress?: boolean | CompressionOptions | undefined;
  /** Sizes and counts that one client may use. Defaults: see {@link HttpLimits}. */
  readonly limits?: Partial<HttpLimits> | undefined;
  /** How long each phase of a connection may last, in milliseconds. Defaults: see {@link PhaseLimits}. */
  readonly timeouts?: Partial<PhaseLimits> | undefined;
  /**
   * Connections in all; above it they are reset. Default: 90 % of the descriptors that the process may open.
   *
   * Danger: above the limit of the system, files and upstreams find no descriptor.
   */
  readonly maxConnections?: number | undefined;
  /** Connections from one IPv4 address or one /64 of IPv6, loopback excepted; above it they are reset. Default: 256. */
  readonly perAddress?: number | undefined;
  /**
   * Expects the PROXY protocol (v1 or v2) on connections from these addresses (CIDR), and nowhere else.
   *
   * Danger: whoever can connect from one of them chooses the client address that handlers see.
   */
  readonly proxyProtocol?: { readonly trusted: readonly string[] } | undefined;
  /**
   * Where messages of the server go, or in which form. Default: standard error, as text on a terminal, for the journal where
   * it is the journal's of systemd, and as JSON lines otherwise.
   */
  readonly log?: Log | "text" | "json" | "journal" | "off" | undefined;
  /**
   * Shows messages and stacks of internal errors to clients and in the log. Default: whether `NODE_ENV` is `development`.
   *
   * Danger: they tell strangers how the inside looks.
   */
  readonly development?: boolean | undefined;
  /** Lets several processes listen on the same port, and the kernel choose among them (SO_REUSEPORT). Default: false. */
  readonly reusePort?: boolean | undefined;
  /**
   * Processes that serve: a number, or `"auto"` for one per core. Default: none but this one.
   *
   * The program is started once in each, from its first line on; `onStartup` is called in each. This process starts them,
   * replaces those that die, and serves nothing itself.
   */
  readonly workers?: number | "auto" | undefined;
  /**
   * Who accepts: `"reuse-port"` (default), each worker on a socket of its own among which the kernel chooses, or
   * `"round-robin"`, this process, which hands connections to workers 1, 2, 3, 1 …
   */
  readonly dispatch?: Dispatch | undefined;
  /**
   * Replaces workers that take too much memory (octets, RSS) or whose event loop is late (milliseconds, three seconds in a
   * row): their successors are started first. Default: never.
   */
  readonly recycle?: Recycling | undefined;
  /**
   * How long a worker may take until it listens (`start`, 30,000 milliseconds) and how long it may give no sign of life
   * (`stuck`, 5,000); then it is ended and replaced. What takes longer before the program has made its server has 30 s.
   *
   * Danger: a handler that keeps its event loop busy for longer than `stuck` ends its worker.
   */
  readonly workerTimeouts?: WorkerTimeouts | undefined;
  /**
   * The name by which commands find this instance: `millrace status --name …`. Default: none for a program that starts its
   * server itself, and what is served for the command line.
   *
   * `{ like: "app" }` is `app`, or the first of `app-2`, `app-3` … that no other instance has; and none at all where
   * instances cannot be controlled, as in a folder that belongs to somebody else.
   */
  readonly name?: string | { readonly like: string } | undefined;
  /**
   * A folder of scripts (`.ts`, `.mts`, `.js`, `.mjs`) that register routes, hooks, tasks, upgrades and extensions. They run
   * before the server listens, and again when they, or what they import, have changed. Default: none, but those of hosts
   * that name one; the command line takes the folder `autorun` beside `millrace.config.ts`. `false`: none at all.
   *
   * Danger: whoever may write into the folder runs code in the server.
   */
  readonly autorun?: string | AutorunOptions | false | undefined;
  /**
   * Takes the sockets of the instance that has this name, if one runs, without a moment in which nobody listens: it ends
   * what it has when this one listens, and goes on if this one does not come to that. Default: false.
   */
  readonly takeover?: boolean | undefined;
  /** Who acts at the turns of the server's life. Default: none; `server.hooks` takes more. */
  readonly hooks?: Hooks | undefined;
  /** What the server does beside answering, and when. Of several workers the first does it. */
  readonly tasks?: readonly Task[] | undefined;
  /**
   * What `millrace call NAME …` has the server do, by name: functions that are given the words behind the name. Of several
   * workers the first does it. Default: nothing.
   */
  readonly commands?: Readonly<Record<string, ServerCommand>> | undefined;
  /** Awaited before the server listens: connect to what handlers need. An error stops the start. */
  readonly onStartup?: (() => MaybePromise<void>) | undefined;
  /** Awaited when the last session is over: let go of what `onStartup` took. */
  readonly onShutdown?: (() => MaybePromise<void>) | undefined;
}
