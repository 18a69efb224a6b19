import type { SourcePlace } from "../base/errors.ts";
import type { Layer } from "../http/handler.ts";
import type { AcmeStatus } from "../tls/acme/kept-subject.ts";
import type { Certificate } from "../tls/certificate.ts";
import type { StapleStatus } from "../tls/ocsp/stapler.ts";
import type { AcceptLimits } from "../transport/accept-limits.ts";
import type { Connection, ListenAddress } from "../transport/connection.ts";
import { acceptProxyProtocol } from "../transport/proxy-protocol.ts";
import type { ListenWhere } from "../transport/tcp.ts";
import type { Life } from "./life.ts";
import { listenEverywhere, type OpenPlace } from "./listen-everywhere.ts";
import type { ServerApp } from "./server-app.ts";
import { serverPlaces } from "./server-places.ts";
import { ServerScripts } from "./server-scripts.ts";
import { ServerSecurity } from "./server-security.ts";
import type { ServerInstance } from "./system/server-instance.ts";
import type { WebServer } from "./web-server.ts";
import { stand } from "./workers/enrolment.ts";
import type { Holding } from "./workers/holding.ts";
import type { Primary } from "./workers/primary.ts";

/** What {@link ServedHere} is made from. */
export interface ServedHereInit {
  readonly server: WebServer;
  readonly app: ServerApp;
  readonly life: Life;
  readonly accept: AcceptLimits;
  /** Undefined in a worker. */
  readonly instance: ServerInstance | undefined;
  readonly place: SourcePlace | undefined;
}

/** Milliseconds that exchanges may take to end when workers serve in place of this process. */
const RETIRE_DEADLINE = 30_000;

type Accept = (connection: Connection) => void;

/** What this process serves of a server itself, by itself or as a worker: its scripts, its listeners, its sessions. */
export class ServedHere {
  readonly #init: ServedHereInit;
  readonly #scripts: ServerScripts;
  #security: ServerSecurity | undefined;
  #places: readonly OpenPlace[] = [];
  /** What takes it from the servers that this process runs itself. */
  #sit: () => void = () => {};
  #retired: Promise<void> | undefined;

  constructor(init: ServedHereInit) {
    this.#init = init;
    const { server, app, place } = init;
    this.#scripts = new ServerScripts({ server, hook: app.hook, place });
  }

  /** Where it listens; empty when it does not. */
  get addresses(): readonly ListenAddress[] {
    return this.#places.map(({ address }) => address);
  }

  /** What it answers with. */
  get app(): ServerApp {
    return this.#init.app;
  }

  /** How certificates are that are ordered here. */
  get automatic(): readonly AcmeStatus[] {
    return this.#security?.automatic ?? [];
  }

  /** How the status of a certificate is that is served here; undefined where nobody is asked. */
  stapleStatus(certificate: Certificate): StapleStatus | undefined {
    return this.#security?.stapleStatus(certificate);
  }

  /** Calls `onStartup`, then listens everywhere. @param number of the server among those of the program */
  async open(number: number): Promise<void> {
    const { server, life } = this.#init;
    await server.options.onStartup?.();
    await this.#scripts.start();
    await life.loaded();
    await this.#listen(number);
    if (server.hosts !== undefined) server.hosts.securePort = securePortOf(this.addresses);
    this.#security?.start();
    await life.listening(this.addresses);
  }

  /** It may be replaced by workers from now on. @param onRetire told that it was, and has begun to end */
  stand(number: number, onRetire: (primary: Primary) => void): void {
    const holdings = (): Holding[] => this.#places.flatMap(({ holding }) => holding ?? []);
    const retire = (primary: Primary): void => {
      onRetire(primary);
      this.#retire();
    };
    this.#sit = stand({ number, holdings, retire });
  }

  /** Looks at the files of certificates now. */
  async lookAtCertificates(): Promise<void> {
    await this.#security?.look();
  }

  /** Resolves when what was served here is over; undefined before workers have taken its place. */
  get retired(): Promise<void> | undefined {
    return this.#retired;
  }

  /**
   * Accepts no more, lets exchanges end, then calls `onShutdown` and closes extensions.
   *
   * @param isReplaced whether others go on: then idle connections wait for their last answer
   * @param wasStarted whether hooks and `onShutdown` are called
   */
  async end(deadline: number, isReplaced: boolean, wasStarted = true): Promise<void> {
    const { server, app, life } = this.#init;
    this.#sit();
    this.#scripts.freeze();
    await this.#security?.stopOrdering();
    await Promise.all(this.#places.map((place) => place.close()));
    this.#places = [];
    // Who has begun to come in is still let in where somebody waits for the last answer.
    await this.#security?.close(isReplaced);
    const isOver = isReplaced ? app.http.leave() : app.http.close();
    await Promise.all([isOver, wasStarted && life.draining(deadline)]);
    if (wasStarted) await server.options.onShutdown?.();
    for (const extension of app.allExtensions) await extension.close?.();
    if (wasStarted) await life.closed();
    await this.#scripts.end();
  }

  /** The server stops while what workers have replaced is still ending: idle connections are waited for no more. */
  hurry(): void {
    if (this.#retired !== undefined) void this.#init.app.http.close();
  }

  /** Destroys all connections. */
  abort(): void {
    this.#security?.abort();
    this.#init.app.http.abort();
  }

  /** Workers serve in place of this process. */
  #retire(): void {
    for (const { holding } of this.#places) holding?.file?.disown();
    const timer = setTimeout(() => this.#init.app.http.abort(), RETIRE_DEADLINE);
    this.#retired = this.end(RETIRE_DEADLINE, true).finally(() => clearTimeout(timer));
    this.#retired.catch((error: unknown) =>
      this.#init.server.log.write("error", "What was served before has not ended", { error }),
    );
  }

  async #listen(number: number): Promise<void> {
    const { server, app, accept: limits, instance, place } = this.#init;
    const { options, hosts, certificates, log } = server;
    const places = serverPlaces(options);
    const wheres = places.map(({ where }) => where);
    const secured = places.map(({ isSecure }) => isSecure);
    const guard = (layer: Layer): void => app.guard(layer);
    const security = await ServerSecurity.open({ options, hosts, certificates, log, place, number, secured, guard });
    this.#security = security;
    const plainly = this.#behindProxies((connection) => app.http.accept(connection));
    const securely = secured.includes(true) ? this.#behindProxies(this.#secure(security)) : undefined;
    const onError = (error: Error): void => log.write("error", "Connections cannot be accepted", { error });
    const bound = instance?.isToDrop === true ? await bindAndDrop(wheres, number, instance) : undefined;
    this.#places = await listenEverywhere(wheres, {
      server: number,
      onConnection: (index) => (secured[index] === true ? securely! : plainly),
      isSecure: (index) => secured[index] === true,
      settings: { reusePort: options.reusePort, limits, onError },
      inherited: (key) => bound?.get(key) ?? instance?.take(key),
    });
  }

  /** Takes connections from now on. @returns what makes them secure ones */
  #secure(security: ServerSecurity): Accept {
    const { server, app } = this.#init;
    const { http } = app;
    const { watchdog, phases } = http;
    const securing = { secrets: server.secrets, watchdog, timeout: phases.handshake, protocols: ["h2", "http/1.1"] };
    // A client that does not speak of ALPN speaks HTTP/1.1. RFC 9113 §3.2.
    return security.accept(securing, (connection) =>
      http.accept(connection, connection.protocol === "h2" ? "h2" : "http/1.1"),
    );
  }

  /** Takes connections of clients, and of proxies that say whose they are. */
  #behindProxies(accept: Accept): Accept {
    const { server, app, accept: limits } = this.#init;
    const { proxyProtocol } = server.options;
    if (proxyProtocol === undefined) return accept;
    return acceptProxyProtocol({ ...proxyProtocol, watchdog: app.http.watchdog }, (connection) => {
      // Only now is it known whose connection it is.
      if (limits.isDropped(connection.remoteAddress)) connection.destroy();
      else accept(connection);
    });
  }
}

/** Binds, and becomes who is to accept. */
async function bindAndDrop(
  places: readonly ListenWhere[],
  number: number,
  instance: ServerInstance,
): Promise<ReadonlyMap<string, Holding>> {
  const { bindAsRoot } = await import("./system/bind-as-root.ts");
  const bound = await bindAsRoot(places, number);
  instance.bound();
  return bound;
}

/** The port that HTTPS is spoken at, if it is spoken at any. */
function securePortOf(addresses: readonly ListenAddress[]): number | undefined {
  const ports = addresses.map((address) =>
    address.kind === "tcp" && address.secure === true ? address.port : undefined,
  );
  return ports.find((port) => port !== undefined);
}
