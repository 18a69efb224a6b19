import type { Serializable } from "node:child_process";
import { EventEmitter } from "node:events";
import { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import type { ConnectionHandle } from "../../transport/listening-handle.ts";
import { faultFields } from "../faults/fault-fields.ts";
import { Crew } from "./crew.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Hearsay } from "./hearsay.ts";
import type { Holding } from "./holding.ts";
import type { Broadcast, Dispatch, Pulse, ToPrimary, ToWorker } from "./messages.ts";
import { renewedSecrets, type SharedSecrets } from "./secrets.ts";
import { Sockets } from "./sockets.ts";
import { Vigil } from "./vigil.ts";
import type { Program, Worker } from "./worker.ts";

/** What outlives a process or a program. */
export interface Legacy {
  readonly holdings: readonly Holding[];
  /** What all workers share, newest first. */
  readonly secrets: readonly Uint8Array[];
}

/** How a primary keeps its workers. */
export interface PrimaryOptions {
  readonly count: number;
  readonly dispatch: Dispatch;
  readonly log: Log;
  readonly program: Program;
  /** What there is already: from the process before this one, or from the time that this one had no workers. */
  readonly legacy?: Legacy | undefined;
  /** Called when no worker is left and none will come, unless somebody knows better: see `Primary.rescue`. */
  readonly onGivenUp: (error: MillraceError) => void;
}

/**
 * Helps a program that cannot run.
 *
 * @param renew starts workers in the place of those that there are
 * @throws when it cannot be helped
 */
export type Rescue = (error: MillraceError, renew: () => Promise<void>) => Promise<void>;

/** Milliseconds without a word from any worker after which this process does not count as alive. */
const SILENCE = 5000;

/** Milliseconds that exchanges may take to end after a reload. */
const DRAIN = 30_000;

/**
 * Keeps workers: starts them, replaces those that die, leads them through a reload, stops them.
 *
 * It serves nothing itself. The sockets are its own, so that none is closed while a worker is replaced.
 */
export class Primary {
  readonly #options: PrimaryOptions;
  readonly #sockets = new Sockets();
  readonly #dispatcher: Dispatcher;
  readonly #vigil: Vigil;
  readonly #secrets = renewedSecrets();
  readonly #hearsay: Hearsay;
  /** What workers have told last, by topic. */
  readonly #notes = new Map<string, Serializable>();
  readonly #noted = new EventEmitter();
  /** All that run; the last one that is complete is `#crew`. */
  readonly #crews = new Set<Crew>();
  #crew: Crew;
  #generations = 0;
  /** Where the servers of the program listen, by number. */
  #addresses = new Map<number, readonly ListenAddress[]>();
  #pastRequests = 0;
  readonly #onWorkerExit = new Set<(worker: Worker, cause: number | string) => void>();
  #isStopping = false;
  /** Hears that a reload begins. @param over settles when it has ended, in whatever way */
  onReload: (over: Promise<void>) => void = () => {};
  /** What is done about a program that cannot run, where that is not the end. */
  rescue: Rescue | undefined;
  #starting: Promise<void> | undefined;
  #reloading: Promise<void> | undefined;

  constructor(options: PrimaryOptions) {
    this.#options = options;
    this.#sockets.adopt(options.legacy?.holdings ?? []);
    if (options.legacy !== undefined) this.#secrets.take(options.legacy.secrets);
    this.#crew = this.#muster(options.count);
    this.#dispatcher = new Dispatcher(() => this.#crew.workers.filter(isTaking));
    this.#hearsay = new Hearsay(options.log);
    this.#vigil = new Vigil(options.log, () => this.workers);
    this.#secrets.onChange(() => this.#tellAll({ millrace: true, kind: "secrets", secrets: this.#secrets.all }));
  }

  /** The workers that there are, old ones that drain among them. */
  get workers(): readonly Worker[] {
    return [...this.#crews].flatMap(({ workers }) => workers);
  }

  /** Whether some worker that has come to listen was heard of lately. Vigil sees to the others. */
  get isAlive(): boolean {
    const since = performance.now() - SILENCE;
    return this.workers.some(({ readySince, spoke }) => readySince !== undefined && spoke > since);
  }

  /** How often the program has been loaded: 1 until the first reload. */
  get generation(): number {
    return this.#crew.generation;
  }

  /** Requests that workers have answered which are no more. */
  get pastRequests(): number {
    return this.#pastRequests;
  }

  /** What all workers share; they outlive every reload. */
  get secrets(): SharedSecrets {
    return this.#secrets;
  }

  /** Where its messages go. */
  get log(): Log {
    return this.#options.log;
  }

  get dispatch(): Dispatch {
    return this.#options.dispatch;
  }

  /** Whether it stops, or has stopped. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  #muster(size: number): Crew {
    const { program, log } = this.#options;
    const crew = new Crew(++this.#generations, size, {
      program,
      log,
      events: {
        message: (worker, message) => this.#receive(crew, worker, message),
        gone: (worker, cause) => this.#gone(crew, worker, cause),
      },
      onGivenUp: (worker, left) => void this.#givenUp(crew, worker, left),
    });
    this.#crews.add(crew);
    return crew;
  }

  /**
   * Starts the workers, unless they have been, and resolves when a server listens in each of them.
   *
   * @throws {MillraceError} what a worker that cannot start says
   */
  async started(server: number): Promise<void> {
    await (this.#starting ??= this.#start());
    await Promise.all(this.#crew.workers.map((worker) => worker.listening(server)));
  }

  async #start(): Promise<void> {
    try {
      if (this.#options.legacy === undefined) return await this.#crew.start();
      await this.#crew.startCarefully();
    } catch (error) {
      if (this.rescue === undefined) throw error;
      return this.rescue(error as MillraceError, () => this.#renew());
    }
    await this.#keepOf(this.#crew);
  }

  /** Where one server of the program listens. */
  addresses(server: number): readonly ListenAddress[] {
    return this.#addresses.get(server) ?? [];
  }

  /** What all servers accept on, to be left to another process. */
  async holdings(): Promise<Holding[]> {
    await this.#reloading?.catch(() => {});
    return this.#sockets.holdings();
  }

  /** Another process has sockets of this one, too. @param keys of their addresses; undefined for all */
  disown(keys?: ReadonlySet<string>): Promise<void> {
    return this.#sockets.disown((key) => keys === undefined || keys.has(key));
  }

  /** Closes the sockets that nobody of a crew accepts on. */
  #keepOf(crew: Crew): Promise<void> {
    return this.#sockets.keep(new Set(crew.workers.flatMap(({ keys }) => [...keys])));
  }

  /** Tells all workers. */
  broadcast(topic: string, data: Serializable): void {
    this.#tellAll({ millrace: true, kind: "broadcast", topic, data });
  }

  /** Hears what workers tell the primary itself, and what one has told last, also before this. */
  onNote(topic: string, hear: (data: Serializable) => void): void {
    this.#noted.on(topic, hear);
    const last = this.#notes.get(topic);
    if (last !== undefined) hear(last);
  }

  #tellAll(message: ToWorker): void {
    for (const worker of this.workers) worker.tell(message);
  }

  /** Tells others what a worker says. */
  #passOn(worker: Worker, { to, ...said }: Broadcast): void {
    const others = this.workers.filter((other) => other !== worker);
    const [eldest] = others.filter(isTaking).sort((a, b) => a.readySince! - b.readySince!);
    const heard =
      to === undefined ? others : others.filter((other) => (to === "eldest" ? other === eldest : other.pid === to));
    for (const other of heard) other.tell({ millrace: true, ...said, from: worker.pid });
  }

  #receive(crew: Crew, worker: Worker, message: ToPrimary): void {
    worker.spoke = worker.heard = performance.now();
    switch (message.kind) {
      case "begin":
        worker.begins(message.server);
        worker.timeouts = message.wishes.timeouts;
        crew.wish(message.wishes);
        return worker.tell({
          millrace: true,
          kind: "welcome",
          secrets: this.#secrets.all,
          workers: crew.size,
        });
      case "listen":
        return void this.#give(crew, worker, message);
      case "ready":
        if (crew === this.#crew) this.#addresses.set(message.server, message.addresses);
        if (worker.listens(message.server, message.addresses)) this.#dispatcher.resume();
        return;
      case "failed":
        return worker.fails(message.fault);
      case "pulse":
        return this.#pulse(crew, worker, message.pulse);
      case "taken":
        return worker.took(message.number);
      case "leaving":
        return void crew.recycle(worker, message.reason);
      case "answer":
        return worker.questions.answered(message);
      case "failing":
        return crew.fail(worker, message.fault);
      case "said":
        return this.#hearsay.hear(worker, message);
      case "note":
        this.#notes.set(message.topic, message.data);
        return void this.#noted.emit(message.topic, message.data);
      case "broadcast":
        return this.#passOn(worker, message);
    }
  }

  #pulse(crew: Crew, worker: Worker, pulse: Pulse): void {
    worker.pulse = pulse;
    const { memory = Infinity, lag = Infinity } = crew.recycling;
    worker.lateness = pulse.lag > lag ? worker.lateness + 1 : 0;
    if (pulse.memory > memory) void crew.recycle(worker, `it has ${Math.round(pulse.memory / 1e6)} MB of memory`);
    else if (worker.lateness >= 3) void crew.recycle(worker, `it is ${Math.round(pulse.lag)} ms late`);
  }

  /** Gives a worker what it accepts on. */
  async #give(crew: Crew, worker: Worker, { ask, key, where }: ListenMessage): Promise<void> {
    const share = { id: worker.id, of: crew.size, keys: new Set(worker.keys) };
    worker.keys.add(key);
    try {
      if (this.#options.dispatch === "round-robin") {
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

  /** What is to be done when a worker has ended. */
  onWorkerExit(hear: (worker: Worker, cause: number | string) => void): void {
    this.#onWorkerExit.add(hear);
  }

  #gone(crew: Crew, worker: Worker, cause: number | string): void {
    for (const hear of this.#onWorkerExit) hear(worker, cause);
    this.#pastRequests += worker.pulse?.requests ?? 0;
    for (const arrival of worker.takeBack()) this.#dispatcher.dispatch(arrival);
    if (crew.workers.length === 0 && crew !== this.#crew) this.#crews.delete(crew);
  }

  async #givenUp(crew: Crew, worker: Worker, left: number): Promise<void> {
    if (left > 0) return this.#sockets.abandon(worker.id);
    // What is being loaded may be mended.
    await this.#reloading?.catch(() => {});
    if (crew !== this.#crew || this.#isStopping) return;
    const { code, message, hint, place } = worker.fault ?? {
      code: "CRASH_LOOP",
      message: "Workers end as soon as they start.",
    };
    const error = new MillraceError(code, message, { hint, place });
    if (this.rescue === undefined) return this.#options.onGivenUp(error);
    await this.rescue(error, () => this.reload()).catch(() => this.#options.onGivenUp(error));
  }

  /**
   * Starts the program anew in new workers and, when all of them listen, lets the old ones end. If one of the new ones
   * cannot start, all of them go and nothing has changed.
   *
   * @throws {MillraceError} what the worker says
   */
  reload(): Promise<void> {
    if (this.#reloading === undefined) {
      this.#reloading = this.#reload().finally(() => (this.#reloading = undefined));
      this.onReload(this.#reloading);
    }
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    await this.#starting;
    try {
      await this.#renew();
    } catch (error) {
      const fault = error as MillraceError;
      this.log.write("error", `The reload failed, nothing has changed: ${fault.message}`, faultFields(fault));
      throw error;
    }
  }

  /** @throws as `reload` does */
  async #renew(): Promise<void> {
    if (this.#isStopping) throw new MillraceError("STOPPING", "The server is stopping.");
    const old = this.#crew;
    const fresh = this.#muster(old.size);
    try {
      await fresh.startCarefully();
      if (this.#isStopping) throw new MillraceError("STOPPING", "The server is stopping.");
    } catch (error) {
      fresh.dismiss(DRAIN);
      throw error;
    }
    this.#crew = fresh;
    this.#addresses = new Map(fresh.workers.flatMap(({ addresses }) => [...addresses]));
    old.leave(DRAIN, true);
    if (old.workers.length === 0) this.#crews.delete(old);
    await this.#keepOf(fresh);
    this.#options.log.write("info", "Reloaded", { generation: fresh.generation, workers: fresh.size });
  }

  /**
   * Lets all workers end.
   *
   * @param deadline milliseconds, after which they are cut off
   * @param isReplaced whether another process stands in: see `StopOptions`
   */
  async stop(deadline: number, isReplaced: boolean): Promise<void> {
    this.#isStopping = true;
    this.#vigil.end();
    const workers = this.workers;
    for (const crew of this.#crews) crew.leave(deadline, isReplaced);
    this.#dispatcher.close();
    // A worker that has been told accepts what waits, and closes its share of the socket.
    await this.#sockets.close();
    await Promise.all(workers.map(({ ended }) => ended));
  }

  /** Stops now. */
  abort(): void {
    this.#isStopping = true;
    for (const crew of this.#crews) crew.kill();
  }
}

type ListenMessage = Extract<ToPrimary, { kind: "listen" }>;

function isTaking({ state }: Worker): boolean {
  return state === "ready";
}
