import type { MaybePromise } from "../base/maybe-promise.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import type { ListenAddress } from "../transport/connection.ts";

/** Where an error came from that the hook `error` is called with. */
export interface ErrorSource {
  /** The request that it was about. */
  readonly request?: Request | undefined;
  /** The hook whose listener failed. */
  readonly hook?: string | undefined;
  /** The task that failed. */
  readonly task?: string | undefined;
}

/** How a worker ended. */
export interface WorkerExit {
  /** Its number, from 1. */
  readonly worker: number;
  readonly pid: number;
  /** Its exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that has taken over. */
export interface Heir {
  readonly pid: number;
  /** Of its millrace. */
  readonly version: string;
}

/**
 * The hooks of a server's life, each with the form of its listeners. A listener whose result may be more than nothing
 * answers: see `Hooks.ask`.
 *
 * More are made by declaration merging.
 *
 * @example
 * declare module "millrace" {
 *   interface HookListeners {
 *     order(id: string): MaybePromise<void>;
 *   }
 * }
 */
export interface HookListeners {
  /** Scripts are about to run: those that changed, or all at the start. */
  reloadScripts(files: readonly string[]): MaybePromise<void>;
  /** Everything is loaded, and nobody can connect yet. An error stops the start. */
  loaded(): MaybePromise<void>;
  /** The server listens, at these addresses. */
  listen(addresses: readonly ListenAddress[]): MaybePromise<void>;
  /** A request came. Whoever returns a response answers it; otherwise the hosts do. */
  request(request: Request): MaybePromise<Response | void>;
  /** Another process has taken over, and listens. This one begins to drain. */
  handover(heir: Heir): MaybePromise<void>;
  /** The server accepts no more connections, and lets exchanges end until `deadline` milliseconds are over. */
  drain(deadline: number): MaybePromise<void>;
  /** The last connection is closed. */
  close(): MaybePromise<void>;
  /** Something failed that nobody else takes care of. */
  error(error: unknown, source: ErrorSource): MaybePromise<void>;
  /** A worker ended, as it should or not. Called in the primary process. */
  workerExit(exit: WorkerExit): MaybePromise<void>;
}

/** The name of a hook. */
export type HookName = keyof HookListeners;

/** What listeners of a hook are called with. */
export type HookArguments<N extends HookName> = Parameters<HookListeners[N]>;

/** What a listener of a hook may answer with. */
export type HookAnswer<N extends HookName> = Exclude<Awaited<ReturnType<HookListeners[N]>>, void | undefined>;

/** Hooks whose listeners may answer. */
export type AnsweringHook = { [N in HookName]: [HookAnswer<N>] extends [never] ? never : N }[HookName];
