import { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import type { Host } from "../../hosts/host.ts";
import type { Extension } from "../../pipeline/stages.ts";
import { type Register, Registrations } from "../registrations.ts";
import { type Task, task as taskOf } from "../scheduler/task.ts";
import type { WebServer } from "../web-server.ts";
import type { AddTask, Script, ScriptContext } from "./script-context.ts";
import { type Planner, scriptHost } from "./script-host.ts";
import type { ScriptHosts } from "./script-hosts.ts";
import { UnderWay } from "./under-way.ts";

/** What a script runs in. */
export interface ScriptSurroundings {
  readonly server: WebServer;
  readonly hosts: ScriptHosts;
  readonly log: Log;
}

/** Milliseconds for which requests that began with a script may go on with what it has opened. */
const PATIENCE = 30_000;

/** One run of a script: what it has registered, which may be in force or not, and what it wants done when it goes. */
export class ScriptRun {
  readonly file: string;
  readonly registrations: Registrations;
  readonly #around: ScriptSurroundings;
  readonly #abort = new AbortController();
  readonly #cleaners: (() => MaybePromise<void>)[] = [];
  /** Its own, each closed once when it goes. */
  readonly #extensions = new Set<Extension>();
  readonly #underWay = new UnderWay();
  #isOver = false;

  constructor(file: string, around: ScriptSurroundings) {
    this.file = file;
    this.registrations = new Registrations(file);
    this.#around = around;
  }

  /**
   * Calls the script. Nothing that it registers is in force yet.
   *
   * @param script its default export
   * @param host whose script it is; undefined: the server's
   * @throws what the script throws; `BAD_SCRIPT` when it is no function
   */
  async call(script: unknown, host: Host | undefined): Promise<void> {
    if (typeof script !== "function") {
      throw new MillraceError("BAD_SCRIPT", "The script exports no function as default.", {
        hint: "Export what registers: export default ({ get }) => { … }. What others import is called _name.ts.",
        place: { file: this.file, line: 1, column: 1 },
      });
    }
    await (script as Script)(this.#context(host));
  }

  /** Cleans up when it has gone, or failed, and its last request is over. Never throws. @param areClosed whether its extensions are closed already */
  async end(areClosed = false): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#abort.abort();
    if (!areClosed) await this.#underWay.over(PATIENCE);
    const closing = areClosed ? [] : [...this.#extensions].map((extension) => () => extension.close?.());
    for (const clean of [...this.#cleaners.reverse(), ...closing]) {
      try {
        await clean();
      } catch (error) {
        this.#around.log.write("error", "A script could not clean up", { script: this.file, error });
      }
    }
  }

  #context(host: Host | undefined): ScriptContext {
    const { server, log, hosts } = this.#around;
    const owner = this.file;
    const planner: Planner = {
      plan: (register) => this.#plan(register),
      owns: (extension) => this.#extensions.add(extension),
      counting: this.#underWay.counting,
    };
    const task = (...args: [Task] | Parameters<typeof taskOf>): void => {
      const made = typeof args[0] === "string" ? taskOf(...(args as Parameters<typeof taskOf>)) : args[0];
      this.#plan(() => server.tasks.add(made, { owner }));
    };
    return {
      ...scriptHost(planner, () => ({ host: host ?? hosts.usual, release: () => {} })),
      file: owner,
      host: (name) => scriptHost(planner, () => hosts.take(name)),
      hooks: {
        add: (name, listener, options) => this.#plan(() => server.hooks.add(name, listener, { ...options, owner })),
      },
      task: task as AddTask,
      register: planner.plan,
      onRemove: (clean) => void this.#cleaners.push(clean),
      signal: this.#abort.signal,
      log,
      server,
    };
  }

  #plan(register: Register): void {
    if (this.#isOver) {
      throw new MillraceError("SCRIPT_GONE", `${this.file} registers something though this version of it has gone.`, {
        hint: "End what goes on in the background when the context's signal aborts.",
      });
    }
    this.registrations.plan(register);
  }
}
