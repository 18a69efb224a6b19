import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import type { ListenWhere } from "../../transport/tcp.ts";
import type { Dispatch, ToPrimary } from "./messages.ts";
import { Respawn } from "./respawn.ts";
import { Sockets } from "./sockets.ts";
import { type Program, Worker } from "./worker.ts";

/** How a primary keeps its workers. */
export interface PrimaryOptions {
  readonly count: number;
  readonly dispatch: Dispatch;
  readonly log: Log;
  readonly program: Program;
}

/** Milliseconds that a worker may take until its servers listen. */
const START_LIMIT = 30_000;
/** Milliseconds without a word after which a worker is taken for stuck. */
const STUCK = 5000;
/** Milliseconds that a stuck worker has to end by itself. */
const STUCK_GRACE = 2000;
/** Milliseconds that exchanges may take to end after a reload. */
const DRAIN = 30_000;

/**
 * Keeps workers: starts them, replaces those that die, leads them through a reload, stops them.
 *
 * It serves nothing itself. The sockets are its own, so that none is closed while a worker is replaced.
 */
export class Primary {
  readonly #options: PrimaryOptions;
  readonly #sockets: Sockets;
  readonly #respawn = new Respawn();
  readonly #workers = new Set<Worker>();
  /** Those whose servers all listen, by id: the ones that connections are given to in turn. */
  #turn = 0;
  #servers = 0;
  #generation = 1;
  #isStopping = false;
  #reloading: Promise<void> | undefined;
  readonly #changed = new Set<() => void>();
  readonly #watch: NodeJS.Timeout;
  /** Called when no worker is left and none will come. */
  onGivenUp: (error: MillraceError) => void = () => {};

  constructor(options: PrimaryOptions) {
    this.#options = options;
    this.#sockets = new Sockets(options.dispatch);
    this.#watch = setInterval(() => this.#lookAfter(), 1000).unref();
  }

  /** The workers that there are, old ones that drain among them. */
  get workers(): readonly Worker[] {
    return [...this.#workers].sort((a, b) => a.id - b.id || a.generation - b.generation);
  }

  get generation(): number {
    return this.#generation;
  }

  get log(): Log {
    return this.#options.log;
  }

  /** One more server of the program. @returns its number */
  enrol(): number {
    return this.#servers++;
  }

  /**
   * Resolves when a server listens in every worker.
   *
   * @throws {MillraceError} `START_FAILED` when a worker cannot start: in its own words
   */
  async started(server: number): Promise<readonly ListenAddress[]> {
    if (this.#workers.size === 0) for (let id = 1; id <= this.#options.count; id++) this.#spawn(id);
    const mine = this.workers;
    await this.#until(mine, (worker) => worker.servers.has(server));
    return mine[0]!.servers.get(server)!;
  }

  /** Waits until all of these workers are so far. @throws when one of them has gone or takes too long */
  async #until(workers: readonly Worker[], isSo: (worker: Worker) => boolean): Promise<void> {
    const limit = performance.now() + START_LIMIT;
    while (!workers.every(isSo)) {
      const failed = workers.find(({ state, failure }) => state === "gone" || failure !== undefined);
      if (failed !== undefined) throw startFailed(failed.failure ?? `Worker ${failed.id} ended before it listened.`);
      const left = limit - performance.now();
      if (left <= 0) throw startFailed(`The workers did not listen within ${START_LIMIT / 1000} s.`);
      await this.#change(left);
    }
  }

  #change(limit: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, limit);
      const changed = this.#changed;
      function done(): void {
        clearTimeout(timer);
        changed.delete(done);
        resolve();
      }
      changed.add(done);
    });
  }

  #spawn(id: number): Worker {
    const worker = new Worker(id, this.#generation, this.#options.program, {
      message: (from, message) => this.#receive(from, message),
      gone: (gone, cause) => this.#gone(gone, cause),
    });
    this.#workers.add(worker);
    return worker;
  }

  #receive(worker: Worker, message: ToPrimary): void {
    worker.heard = performance.now();
    switch (message.kind) {
      case "listen":
        void this.#give(worker, message.ask, message.key, message.where);
        return;
      case "ready":
        worker.listening(message.server, message.addresses);
        if (worker.state === "starting" && worker.servers.size >= this.#servers) this.#ready(worker);
        break;
      case "failed":
        worker.failure = message.message;
        break;
      case "pulse":
        worker.pulse = message.pulse;
        return;
      case "broadcast":
        for (const other of this.#workers) if (other !== worker) other.tell(message);
        return;
    }
    for (const changed of this.#changed) changed();
  }

  #ready(worker: Worker): void {
    worker.state = "ready";
    worker.readySince = performance.now();
    this.#options.log.write("debug", "A worker is ready", { worker: worker.id, pid: worker.pid });
  }

  /** Gives a worker what it accepts on. */
  async #give(worker: Worker, ask: number, key: string, where: ListenWhere): Promise<void> {
    const { dispatch } = this.#options;
    try {
      if (dispatch === "round-robin") {
        await this.#sockets.accept(key, where, (socket) => this.#dispatch(key, socket));
        worker.tell({ millrace: true, kind: "handle", ask, dispatch });
      } else {
        const handle = await this.#sockets.handle(key, where, worker.id);
        worker.tell({ millrace: true, kind: "handle", ask, dispatch }, handle);
      }
    } catch (error) {
      const { code = "LISTEN_FAILED", message, hint } = error as MillraceError;
      worker.tell({ millrace: true, kind: "refusal", ask, code, message, hint });
    }
  }

  /** Arc's dispatch: worker 1, 2, 3, 4, 1 … */
  #dispatch(key: string, socket: Socket, tries = 0): void {
    const ready = this.workers.filter(({ state }) => state === "ready");
    if (ready.length === 0 || tries > ready.length) {
      // Nobody can take it: wait for a worker that comes, as it would wait in the kernel.
      if (this.#isStopping) socket.destroy();
      else void sleep(10).then(() => this.#dispatch(key, socket));
      return;
    }
    const next = ready.find(({ id }) => id > this.#turn) ?? ready[0]!;
    this.#turn = next.id;
    next.tell({ millrace: true, kind: "connection", key }, socket, () => {
      if (!socket.destroyed) this.#dispatch(key, socket, tries + 1);
    });
  }

  #gone(worker: Worker, cause: number | string): void {
    this.#workers.delete(worker);
    for (const changed of this.#changed) changed();
    const isReplaced = this.workers.some((other) => other.id === worker.id && other.generation > worker.generation);
    if (this.#isStopping || isReplaced || worker.generation < this.#generation) return;
    // Who fails at the start is reported by whoever waits for it.
    if (this.#changed.size > 0 && worker.servers.size < this.#servers) return;
    this.#options.log.write("error", "A worker has ended", { worker: worker.id, pid: worker.pid, cause });
    const wait = isCrash(worker, cause) ? this.#respawn.after(performance.now()) : 0;
    if (wait === undefined) return this.#giveUp(worker);
    setTimeout(() => {
      if (!this.#isStopping && worker.generation === this.#generation) this.#spawn(worker.id);
    }, wait);
  }

  #giveUp(worker: Worker): void {
    const left = this.workers.filter(({ state }) => state === "ready").length;
    const message = `Workers end as soon as they start: worker ${worker.id} is not started again.`;
    this.#options.log.write("error", message, { left, failure: worker.failure });
    if (left === 0) this.onGivenUp(new MillraceError("CRASH_LOOP", worker.failure ?? message));
  }

  /** Ends workers whose event loop stands still. */
  #lookAfter(): void {
    const now = performance.now();
    for (const worker of this.#workers) {
      if (worker.state !== "ready" || now - worker.heard < STUCK) continue;
      this.#options.log.write("error", "A worker does not respond", { worker: worker.id, pid: worker.pid });
      worker.heard = now;
      worker.kill("SIGTERM");
      setTimeout(() => worker.state !== "gone" && worker.kill("SIGKILL"), STUCK_GRACE).unref();
    }
  }

  /**
   * Starts the program anew in new workers and, when all of them listen, lets the old ones end. If one of the new ones
   * cannot start, all of them go and nothing has changed.
   *
   * @throws {MillraceError} `START_FAILED`, in the words of the worker
   */
  reload(): Promise<void> {
    this.#reloading ??= this.#reload().finally(() => (this.#reloading = undefined));
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    const before = this.#generation++;
    const old = this.workers.filter(({ state }) => state !== "draining");
    const fresh: Worker[] = [];
    for (let id = 1; id <= this.#options.count; id++) fresh.push(this.#spawn(id));
    try {
      await this.#until(fresh, ({ state }) => state === "ready");
    } catch (error) {
      this.#generation = before;
      for (const worker of fresh) worker.kill("SIGKILL");
      throw error;
    }
    for (const worker of old) worker.drain(DRAIN, true);
  }

  /** Lets all workers end. @param deadline milliseconds, after which they are cut off */
  async stop(deadline: number): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    for (const worker of this.#workers) worker.drain(deadline, false);
    const limit = performance.now() + deadline + 1000;
    while (this.#workers.size > 0 && performance.now() < limit) await this.#change(limit - performance.now());
    for (const worker of this.#workers) worker.kill("SIGKILL");
    while (this.#workers.size > 0) await this.#change(1000);
    await this.#sockets.close();
  }

  /** Stops now. */
  abort(): void {
    this.#isStopping = true;
    for (const worker of this.#workers) worker.kill("SIGKILL");
  }
}

/** Whether the program itself is to blame. Who has served for a second and is killed from outside is replaced at once. */
function isCrash({ readySince }: Worker, cause: number | string): boolean {
  const isKilled = cause === "SIGKILL" || cause === "SIGTERM";
  return readySince === undefined || (!isKilled && performance.now() - readySince < 1000);
}

function startFailed(message: string): MillraceError {
  return new MillraceError("START_FAILED", message);
}
