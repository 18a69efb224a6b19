import { MillraceError } from "../../base/errors.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import type { Control } from "../control/control.ts";
import type { Takeover } from "../handover/takeover.ts";
import { urlOf } from "../url-of.ts";
import type { WebServer } from "../web-server.ts";
import type { Holding } from "../workers/holding.ts";
import type { Legacy } from "../workers/primary.ts";
import type { ServerWorkers } from "../workers/server-workers.ts";
import { inheritSecrets } from "../workers/shared-secrets.ts";
import type { Admin } from "./admin.ts";
import { Service, type Serving } from "./service.ts";

/**
 * A server as others on its machine know it: what it takes over from the one before it, the socket by which it is
 * controlled, the address at which it answers probes, and its process. A worker is none: they know its primary.
 */
export class ServerInstance {
  readonly #server: WebServer;
  readonly #workers: ServerWorkers;
  readonly #service: Service;
  #takeover: Takeover | undefined;
  #control: Control | undefined;
  #admin: Admin | undefined;

  constructor(server: WebServer, workers: ServerWorkers) {
    this.#server = server;
    this.#workers = workers;
    this.#service = new Service(server.options, server.log);
  }

  /** Where it answers probes; undefined when it does not. */
  get adminAddress(): ListenAddress | undefined {
    return this.#admin?.address;
  }

  /**
   * The server begins to start: receives the sockets of the instance that has the name, if one runs, and answers probes
   * from now on.
   */
  async starting(): Promise<void> {
    this.#service.starting();
    await this.#takeOver();
    await this.#openAdmin();
  }

  /** Whether this process is to become somebody else, once it has bound its addresses. */
  get isToDrop(): boolean {
    return this.#service.isToDrop;
  }

  /** All addresses are bound, and nobody has been accepted yet. @throws {MillraceError} `PID_FILE`, `NOT_DROPPED` */
  bound(): void {
    this.#service.bound();
  }

  /** What the instance before has left for an address. */
  take(key: string): Holding | undefined {
    return this.#takeover?.take(key);
  }

  /** All that the instance before has left, for workers; undefined when there was none. */
  takeAll(): Legacy | undefined {
    return this.#takeover && { holdings: this.#takeover.takeAll(), secrets: this.#takeover.secrets };
  }

  /** Opens the control socket, if it has a name. @throws {MillraceError} `NAME_IN_USE`, `CONTROL_FOLDER` */
  async openControl(): Promise<void> {
    const { name } = this.#server.options;
    if (name === undefined || this.#control !== undefined) return;
    const [{ Control }, { controlledServer }] = await Promise.all([
      import("../control/control.ts"),
      import("../control/controlled-server.ts"),
    ]);
    const subject = controlledServer(this.#server, this.#workers, this.#service);
    this.#control =
      typeof name === "string"
        ? await Control.open(name, subject, this.#takeover !== undefined)
        : await Control.openLike(name.like, subject);
  }

  /** Everything listens: others are told, and the instance before may go. */
  async listening(): Promise<void> {
    await this.openControl();
    this.#service.listening(this.#serving);
    this.#takeover?.complete();
  }

  /** The server does not start. @returns whether the instance before goes on in its place */
  abandon(): boolean {
    this.#takeover?.abandon();
    return this.#takeover !== undefined;
  }

  /** A reload is under way. @param over resolves or rejects when it is over */
  reloading(over: Promise<unknown>): void {
    this.#service.reloading(over, this.#serving);
  }

  /** The server is about to stop. @param isReplaced whether another one goes on in its place */
  stopping(isReplaced: boolean): void {
    this.#service.stopping(isReplaced);
  }

  /** Nothing is left of the server. */
  async stopped(): Promise<void> {
    this.#control?.close();
    await this.#admin?.close();
    this.#service.stopped();
  }

  get #serving(): Serving {
    return {
      urls: this.#server.addresses.map(urlOf),
      isAlive: () => this.#workers.primary?.isAlive !== false,
    };
  }

  async #takeOver(): Promise<void> {
    const { name, takeover = false } = this.#server.options;
    if (!takeover) return;
    if (typeof name !== "string") throw new MillraceError("BAD_OPTION", "takeover needs a name: whose sockets?", {});
    const { Takeover } = await import("../handover/takeover.ts");
    this.#takeover = await Takeover.begin(name, this.#server.log);
    if (this.#takeover === undefined) return;
    inheritSecrets(this.#takeover.secrets);
    this.#service.inherit(this.#takeover.notify);
  }

  async #openAdmin(): Promise<void> {
    const { admin } = this.#server.options;
    if (admin === undefined) return;
    const [{ Admin }, { administered }] = await Promise.all([import("./admin.ts"), import("./administered.ts")]);
    const subject = administered(this.#server, this.#workers);
    this.#admin = await Admin.open(admin, subject, this.#server.log, (key) => this.take(key));
  }
}
