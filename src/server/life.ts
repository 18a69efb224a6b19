import type { Log } from "../base/log.ts";
import { then } from "../base/maybe-promise.ts";
import type { Handler } from "../http/handler.ts";
import type { Request } from "../http/request.ts";
import type { ListenAddress } from "../transport/connection.ts";
import { Hooks } from "./hooks.ts";
import type { Lease } from "./scheduler/lease.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import type { Task } from "./scheduler/task.ts";

/** What a server's life is made of. */
export interface LifeInit {
  readonly log: Log;
  readonly hooks: Hooks | undefined;
  readonly tasks: readonly Task[] | undefined;
  /** The number of this process among workers; undefined when there are none. */
  readonly worker: number | undefined;
}

/** What a server does beside answering: calls hooks at the turns of its life, and runs tasks between them. */
export class Life {
  readonly hooks: Hooks;
  readonly tasks: Scheduler;

  /** @throws {MillraceError} `TASK_EXISTS` */
  constructor({ log, hooks, tasks = [], worker }: LifeInit) {
    this.hooks = hooks ?? new Hooks({ log });
    this.tasks = new Scheduler({
      log,
      lease: leaseOf(worker),
      onError: (error, task) => void this.hooks.safeCall("error", error, { task }),
    });
    for (const each of tasks) this.tasks.add(each);
  }

  /** Nobody can connect yet. @throws what a listener throws: the server does not start */
  async loaded(): Promise<void> {
    await this.hooks.call("loaded");
  }

  async listening(addresses: readonly ListenAddress[]): Promise<void> {
    await this.hooks.safeCall("listen", addresses);
    this.tasks.start();
  }

  /** Resolves when tasks have ended, which are told to, or at the deadline. */
  async draining(deadline: number): Promise<void> {
    await this.hooks.safeCall("drain", deadline);
    await this.tasks.stop({ deadline });
  }

  async closed(): Promise<void> {
    await this.hooks.safeCall("close");
  }

  /** Something failed in an exchange. */
  failed(error: unknown, request: Request): void {
    if (this.hooks.has("error")) void this.hooks.safeCall("error", error, { request });
  }

  /** The handler, behind the listeners of `request`, any of which may answer in its place. */
  around(handler: Handler): Handler {
    const { hooks } = this;
    return (request) => {
      if (!hooks.has("request")) return handler(request);
      return then(hooks.ask("request", request), (answer) => answer ?? handler(request));
    };
  }
}

/**
 * Tasks that run once among workers run in the first: whoever stands in for it has its number. One that is replaced lets
 * go of its tasks before anything else.
 */
function leaseOf(worker: number | undefined): Lease | undefined {
  if (worker === undefined) return undefined;
  return { take: () => (worker === 1 ? () => {} : undefined) };
}
