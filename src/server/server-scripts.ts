import type { SourcePlace } from "../base/errors.ts";
import { autorunOptions } from "./autorun/autorun-options.ts";
import type { Autorun, AutorunState } from "./autorun/autorun.ts";
import type { PageHook } from "./development/page-hook.ts";
import { developedProgram } from "./development/program.ts";
import type { Pages } from "./development/start-page.ts";
import type { WebServer } from "./web-server.ts";
import { membership } from "./workers/membership.ts";

/** What {@link ServerScripts} is made from. */
export interface ServerScriptsInit {
  readonly server: WebServer;
  /** In development: where pages are told what changes. */
  readonly hook: PageHook | undefined;
  readonly place: SourcePlace | undefined;
}

/** The scripts of a server, and in development the pages that hear of what has changed. Loaded where there are any. */
export class ServerScripts {
  readonly #init: ServerScriptsInit;
  #autorun: Autorun | undefined;
  #pages: Pages | undefined;

  constructor(init: ServerScriptsInit) {
    this.#init = init;
  }

  /** Runs the scripts for the first time. @throws {MillraceError} `FOLDER_MISSING`; in a successor, what a script throws */
  async start(): Promise<void> {
    const { server, hook, place } = this.#init;
    const isNamed = autorunOptions(server.options.autorun).folder !== undefined;
    const hasScripts = isNamed || server.hosts?.list.some((host) => host.autorun !== undefined) === true;
    if (hook !== undefined && (hasScripts || developedProgram() !== undefined)) {
      const { startPages } = await import("./development/start-page.ts");
      this.#pages = startPages(hook, server.hosts);
    }
    if (!hasScripts) return;
    const { startAutorun } = await import("./autorun/start-autorun.ts");
    const onRun = (state: AutorunState): void => this.#pages?.onScripts(state);
    this.#autorun = await startAutorun({ server, log: server.log, place, member: membership, onRun });
  }

  /** What changes from now on changes nothing here. */
  freeze(): void {
    this.#autorun?.freeze();
    this.#pages?.close();
  }

  /** Ends what scripts have begun. */
  async end(): Promise<void> {
    await this.#autorun?.end();
  }
}
