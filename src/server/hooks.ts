import { type Clock, systemClock } from "../base/clock.ts";
import { type Log, silentLog } from "../base/log.ts";
import { isPromise, type MaybePromise } from "../base/maybe-promise.ts";
import type { AnsweringHook, HookAnswer, HookArguments, HookListeners, HookName } from "./hook-listeners.ts";

/** How a listener is added to a hook. */
export interface HookOptions {
  /** Higher comes first; equals come as they were added. Default: 0. */
  readonly priority?: number | undefined;
  /** Whose listener it is, such as a script's path. For the status. */
  readonly owner?: string | undefined;
}

/** What a listener has done so far. */
export interface ListenerStatus {
  /** The name of its function; empty when it has none. */
  readonly name: string;
  readonly owner: string | undefined;
  readonly priority: number;
  /** How often it was called. */
  readonly calls: number;
  /** How often it threw or rejected. */
  readonly errors: number;
  /** Milliseconds that it took in all, until its promises settled. */
  readonly time: number;
  /** Milliseconds of its longest call. */
  readonly longest: number;
}

/** What a hook has done so far. */
export interface HookStatus {
  readonly name: string;
  /** How often it was called. */
  readonly calls: number;
  /** Milliseconds that its listeners took in all, those that were removed included. */
  readonly time: number;
  /** Those that listen now, in the order that they are called. */
  readonly listeners: readonly ListenerStatus[];
}

/** What {@link Hooks} are made of. */
export interface HooksInit {
  /** Where contained errors go. Default: nowhere. */
  readonly log?: Log | undefined;
  /** Measures listeners. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/**
 * Named points of a server's life at which others may act.
 *
 * Listeners are called one after the other, each when the one before it is done. As long as none of them returns a
 * promise the whole call is synchronous. A listener that is added during a call takes part from the next call on; one
 * that is removed is not called any more, not even by the call that is under way.
 *
 * @example
 * const hooks = new Hooks();
 * const remove = hooks.add("listen", ([address]) => console.log(address), { priority: 10 });
 * remove();
 */
export class Hooks {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #hooks = new Map<HookName, Hook>();
  /** Whether listeners of `error` are being called: what they cause is not reported to themselves. */
  #isReporting = false;

  constructor({ log = silentLog, clock = systemClock }: HooksInit = {}) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Adds a listener; returns the function that removes it. The same function may listen more than once. */
  add<N extends HookName>(name: N, listener: HookListeners[N], options: HookOptions = {}): () => void {
    const { priority = 0, owner } = options;
    const hook = this.#hook(name);
    const added = new Listener(listener as AnyListener, priority, owner, this.#clock, hook);
    const after = hook.listeners.findIndex((other) => other.priority < priority);
    // A new list each time: calls under way go on with theirs.
    hook.listeners = hook.listeners.toSpliced(after === -1 ? hook.listeners.length : after, 0, added);
    return () => {
      added.isRemoved = true;
      hook.listeners = hook.listeners.filter((other) => other !== added);
    };
  }

  /** Whether anybody listens. */
  has(name: HookName): boolean {
    return (this.#hooks.get(name)?.listeners.length ?? 0) > 0;
  }

  /** Calls every listener. The first error ends the call and is the caller's. */
  call<N extends HookName>(name: N, ...args: HookArguments<N>): MaybePromise<void> {
    return inTurn(this.#begin(name), (listener) => listener.call(args), isNever) as MaybePromise<void>;
  }

  /**
   * Calls every listener, whatever the others do. Never throws or rejects: errors are logged, and the hook `error` is
   * called with each.
   */
  safeCall<N extends HookName>(name: N, ...args: HookArguments<N>): MaybePromise<void> {
    const contain = (error: unknown): MaybePromise<void> => this.#contain(error, name);
    const call = (listener: Listener): MaybePromise<unknown> => {
      try {
        const result = listener.call(args);
        return isPromise(result) ? result.then(undefined, contain) : result;
      } catch (error) {
        return contain(error);
      }
    };
    return inTurn(this.#begin(name), call, isNever) as MaybePromise<void>;
  }

  /**
   * Calls listeners until one returns something, and returns that; undefined when none does. The first error ends the
   * call and is the caller's: who guards something by a hook lets nobody pass when the guard fails.
   */
  ask<N extends AnsweringHook>(name: N, ...args: HookArguments<N>): MaybePromise<HookAnswer<N> | undefined> {
    const answer = inTurn(this.#begin(name), (listener) => listener.call(args), isAnswer);
    return answer as MaybePromise<HookAnswer<N> | undefined>;
  }

  /** Every hook that was called or has had listeners. */
  status(): HookStatus[] {
    return [...this.#hooks].map(([name, { calls, time, listeners }]) => ({
      name,
      calls,
      time,
      listeners: listeners.map((listener) => listener.status()),
    }));
  }

  #hook(name: HookName): Hook {
    let hook = this.#hooks.get(name);
    if (hook === undefined) this.#hooks.set(name, (hook = { calls: 0, time: 0, listeners: [] }));
    return hook;
  }

  #begin(name: HookName): readonly Listener[] {
    const hook = this.#hook(name);
    hook.calls++;
    return hook.listeners;
  }

  #contain(error: unknown, hook: HookName): MaybePromise<void> {
    this.#log.write("error", "A hook's listener failed", { hook, error });
    if (hook === "error" || this.#isReporting) return;
    this.#isReporting = true;
    try {
      return this.safeCall("error", error, { hook });
    } finally {
      this.#isReporting = false;
    }
  }
}

interface Hook {
  calls: number;
  time: number;
  listeners: readonly Listener[];
}

type AnyListener = (...args: unknown[]) => MaybePromise<unknown>;

const isNever = (): boolean => false;
const isAnswer = (value: unknown): boolean => value !== undefined;

/** Calls listeners one after the other until the result of one is enough. */
function inTurn(
  listeners: readonly Listener[],
  call: (listener: Listener) => MaybePromise<unknown>,
  isEnough: (value: unknown) => boolean,
  from = 0,
): MaybePromise<unknown> {
  for (let index = from; index < listeners.length; index++) {
    const listener = listeners[index]!;
    if (listener.isRemoved) continue;
    const result = call(listener);
    if (isPromise(result)) {
      return result.then((value) => (isEnough(value) ? value : inTurn(listeners, call, isEnough, index + 1)));
    }
    if (isEnough(result)) return result;
  }
  return undefined;
}

class Listener {
  readonly priority: number;
  isRemoved = false;
  readonly #listener: AnyListener;
  readonly #owner: string | undefined;
  readonly #clock: Clock;
  readonly #hook: Hook;
  #calls = 0;
  #errors = 0;
  #time = 0;
  #longest = 0;

  constructor(listener: AnyListener, priority: number, owner: string | undefined, clock: Clock, hook: Hook) {
    this.priority = priority;
    this.#listener = listener;
    this.#owner = owner;
    this.#clock = clock;
    this.#hook = hook;
  }

  call(args: readonly unknown[]): MaybePromise<unknown> {
    const start = this.#clock.now();
    this.#calls++;
    try {
      const result = this.#listener(...args);
      if (isPromise(result)) return this.#settle(result, start);
      this.#measure(start);
      return result;
    } catch (error) {
      this.#errors++;
      this.#measure(start);
      throw error;
    }
  }

  async #settle(result: Promise<unknown>, start: number): Promise<unknown> {
    try {
      return await result;
    } catch (error) {
      this.#errors++;
      throw error;
    } finally {
      this.#measure(start);
    }
  }

  #measure(start: number): void {
    const time = this.#clock.now() - start;
    this.#time += time;
    this.#hook.time += time;
    this.#longest = Math.max(this.#longest, time);
  }

  status(): ListenerStatus {
    return {
      name: this.#listener.name,
      owner: this.#owner,
      priority: this.priority,
      calls: this.#calls,
      errors: this.#errors,
      time: this.#time,
      longest: this.#longest,
    };
  }
}
