import type { Log } from "../../base/log.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import type { Arc } from "../../hosts/arc.ts";
import type { Answer } from "../../http/make.ts";
import type { Request } from "../../http/request.ts";
import type { Extension } from "../../pipeline/stages.ts";
import type { HookListeners, HookName } from "../hook-listeners.ts";
import type { HookOptions } from "../hooks.ts";
import type { Register } from "../registrations.ts";
import type { Task, TaskOptions, TaskRun } from "../scheduler/task.ts";
import type { WebServer } from "../web-server.ts";

/** Ways of an {@link Arc} to register routes, which need no object in front of them here. */
export type RouteMethods = Pick<
  Arc,
  "get" | "head" | "post" | "put" | "patch" | "delete" | "options" | "all" | "route" | "redirect" | "mount" | "group"
>;

/** What a script registers at a host. Nothing of it is in force until the script has run to its end. */
export interface ScriptHost extends RouteMethods {
  /** The script's own arc, mounted at `/` of the host: its `before`, `after`, `around` and `error` are the script's alone. */
  readonly arc: Arc;
  /** Adds extensions to the host. They meet its other routes too. */
  use(...extensions: Extension[]): void;
  /** Registers who takes a connection over by the Upgrade field. */
  upgrade(token: string, handler: (request: Request) => Answer): void;
}

/** Makes a task of the script's: as `task()`, or one that is made already. */
export interface AddTask {
  (task: Task): void;
  (name: string, run: (run: TaskRun) => MaybePromise<unknown>): void;
  (name: string, options: TaskOptions, run: (run: TaskRun) => MaybePromise<unknown>): void;
}

/**
 * What a script is given. All that it registers is its own: it comes into force at one stroke when the script has run, in
 * the place of what its version before had registered, and goes with it.
 *
 * Its members may be taken apart: `export default ({ get, log }: ScriptContext) => …`.
 */
export interface ScriptContext extends ScriptHost {
  /** The path of the script. */
  readonly file: string;
  /** Another host of the server by its name; one that nobody has is made, and goes with the last script that asks for it. */
  host(name: string): ScriptHost;
  /** Adds listeners to hooks of the server. */
  readonly hooks: {
    add<N extends HookName>(name: N, listener: HookListeners[N], options?: HookOptions): void;
  };
  /** Adds a task. */
  readonly task: AddTask;
  /** Registers anything else: calls `register` when the script comes into force, and what that returns when it goes. */
  register(register: Register): void;
  /**
   * Called when the script has gone, or its next version is in force, or this one has failed: when the requests that its
   * routes were answering are over, or 30 s later.
   */
  onRemove(clean: () => MaybePromise<void>): void;
  /** Aborts as soon as that is so: ends what goes on in the background. */
  readonly signal: AbortSignal;
  /** The log of the server. */
  readonly log: Log;
  /** The server. What is registered there directly is nobody's, and stays. */
  readonly server: WebServer;
}

/** What a script exports as default. */
export type Script = (context: ScriptContext) => MaybePromise<void>;

/**
 * Gives a script its types.
 *
 * @example
 * // autorun/shop.ts
 * export default defineScript(({ get, task, log }) => {
 *   get("/shop/:id", ({ params }) => `Article ${params.id}`);
 *   task("stock", { when: every({ minutes: 5 }) }, () => log.write("info", "Counted"));
 * });
 */
export function defineScript(script: Script): Script {
  return script;
}
