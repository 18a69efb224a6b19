import type { MillraceError } from "../../base/errors.ts";
import type { ConnectionHandle } from "../../transport/listening-handle.ts";
import type { Crew } from "./crew.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Holding } from "./holding.ts";
import type { Dispatch, Listen } from "./messages.ts";
import { Sockets } from "./sockets.ts";
import type { Worker } from "./worker.ts";

/**
 * Supplies workers with connections: with sockets to accept on, or with what the primary accepts in their place. The
 * sockets are the primary's own, so that none is closed while a worker is replaced.
 */
export class Supply {
  readonly #dispatch: Dispatch;
  readonly #sockets = new Sockets();
  readonly #dispatcher: Dispatcher;

  /**
   * @param serving the workers of the crew that serves, by id
   * @param holdings what is held already
   */
  constructor(dispatch: Dispatch, serving: () => readonly Worker[], holdings: readonly Holding[]) {
    this.#dispatch = dispatch;
    this.#dispatcher = new Dispatcher(() => serving().filter(({ state }) => state === "ready"));
    this.#sockets.adopt(holdings);
  }

  /** Gives a worker what it wants to accept on, or tells it why not. */
  async give(crew: Crew, worker: Worker, { ask, key, where }: Listen): Promise<void> {
    const share = { id: worker.id, of: crew.size, keys: new Set(worker.keys) };
    worker.keys.add(key);
    try {
      if (this.#dispatch === "round-robin") {
        const take = (handle: ConnectionHandle): void => this.#dispatcher.dispatch({ key, handle });
        const port = await this.#sockets.accept(key, where, share, take);
        worker.tell({ millrace: true, kind: "dispatch", ask, port });
        return;
      }
      const handles = await this.#sockets.handles(key, where, share);
      let left = handles.length;
      for (const handle of handles) worker.tell({ millrace: true, kind: "handle", ask, left: --left }, handle);
    } catch (error) {
      const { code, message, hint } = error as MillraceError;
      worker.tell({ millrace: true, kind: "refusal", ask, code, message, hint });
    }
  }

  /** Somebody is ready: gives what waits for that. */
  resume(): void {
    this.#dispatcher.resume();
  }

  /** A worker has ended: what was given to it and has not come through is for others. */
  recover(worker: Worker): void {
    for (const arrival of worker.takeBack()) this.#dispatcher.dispatch(arrival);
  }

  /** Nobody replaces a worker: the others accept its share. */
  abandon(worker: Worker): Promise<void> {
    return this.#sockets.abandon(worker.id);
  }

  /** Closes the sockets that nobody of a crew accepts on. */
  keepOf(crew: Crew): Promise<void> {
    return this.#sockets.keep(new Set(crew.workers.flatMap(({ keys }) => [...keys])));
  }

  /** All that is accepted on, to be left to another process. */
  holdings(): Promise<Holding[]> {
    return this.#sockets.holdings();
  }

  /** Another process has sockets of this one, too. @param keys of their addresses; undefined for all */
  disown(keys?: ReadonlySet<string>): Promise<void> {
    return this.#sockets.disown((key) => keys === undefined || keys.has(key));
  }

  /** No more connections. What waits for a worker is closed. */
  close(): Promise<void> {
    this.#dispatcher.close();
    return this.#sockets.close();
  }
}
