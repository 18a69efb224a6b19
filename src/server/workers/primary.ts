import type { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import type { Crew } from "./crew.ts";
import { Generations } from "./generations.ts";
import { Hearsay } from "./hearsay.ts";
import type { Holding } from "./holding.ts";
import type { Dispatch, ToPrimary } from "./messages.ts";
import { renewedSecrets, type SharedSecrets } from "./secrets.ts";
import { Supply } from "./supply.ts";
import { Switchboard } from "./switchboard.ts";
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
  /** Called when no worker is left and none will come, unless somebody knows better: see `Generations.rescue`. */
  readonly onGivenUp: (error: MillraceError) => void;
}

/** Milliseconds without a word from any worker after which this process does not count as alive. */
const SILENCE = 5000;

/** The process that keeps workers. It serves nothing itself; what it does for them its parts do. */
export class Primary {
  /** Leads workers from their start through reloads to their end. */
  readonly generations: Generations;
  /** Tells them what they have to tell each other. */
  readonly switchboard: Switchboard;
  /** Gives them what they accept on. */
  readonly #supply: Supply;
  /** Ends those that are stuck. */
  readonly #vigil: Vigil;
  /** Writes what they say into the log. */
  readonly #hearsay: Hearsay;
  /** What all of them share; outlives every reload. */
  readonly secrets: SharedSecrets;
  readonly dispatch: Dispatch;
  /** Where its messages go. */
  readonly log: Log;
  readonly #onWorkerExit = new Set<(worker: Worker, cause: number | string) => void>();
  #pastRequests = 0;

  constructor({ count, dispatch, log, program, legacy, onGivenUp }: PrimaryOptions) {
    this.dispatch = dispatch;
    this.log = log;
    this.generations = new Generations({
      program,
      log,
      count,
      isHeir: legacy !== undefined,
      message: (crew, worker, message) => this.#receive(crew, worker, message),
      gone: (worker, cause) => this.#gone(worker, cause),
      abandoned: (worker) => this.#supply.abandon(worker),
      succeeded: (crew) => this.#supply.keepOf(crew),
      givenUp: onGivenUp,
    });
    this.#supply = new Supply(dispatch, () => this.generations.current.workers, legacy?.holdings ?? []);
    this.switchboard = new Switchboard(() => this.workers);
    this.#hearsay = new Hearsay(log);
    this.#vigil = new Vigil(log, () => this.workers);
    const secrets = renewedSecrets();
    if (legacy !== undefined) secrets.take(legacy.secrets);
    secrets.onChange(() => this.switchboard.tellAll({ millrace: true, kind: "secrets", secrets: secrets.all }));
    this.secrets = secrets;
  }

  // ---- how they are

  /** The workers that there are, old ones that drain among them. */
  get workers(): readonly Worker[] {
    return this.generations.workers;
  }

  /** Whether some worker that has come to listen was heard of lately. Vigil sees to the others. */
  get isAlive(): boolean {
    const since = performance.now() - SILENCE;
    return this.workers.some(({ readySince, spoke }) => readySince !== undefined && spoke > since);
  }

  /** Requests that workers have answered which are no more. */
  get pastRequests(): number {
    return this.#pastRequests;
  }

  /** Where one server of the program listens. */
  addresses(server: number): readonly ListenAddress[] {
    return this.generations.current.addresses.get(server) ?? [];
  }

  // ---- what they say

  /** Every message, and who it is for. */
  #receive(crew: Crew, worker: Worker, message: ToPrimary): void {
    worker.spoke = worker.heard = performance.now();
    switch (message.kind) {
      case "begin":
        crew.begins(worker, message);
        return worker.tell({ millrace: true, kind: "welcome", secrets: this.secrets.all, workers: crew.size });
      case "listen":
        return void this.#supply.give(crew, worker, message);
      case "ready":
        return crew.listens(worker, message) ? this.#supply.resume() : undefined;
      case "failed":
        return worker.fails(message.fault);
      case "pulse":
        return crew.feel(worker, message.pulse);
      case "taken":
        return worker.took(message.number);
      case "leaving":
        return void crew.recycle(worker, message.reason);
      case "failing":
        return crew.fail(worker, message.fault);
      case "answer":
        return worker.questions.answered(message);
      case "said":
        return this.#hearsay.hear(worker, message);
      case "note":
        return this.switchboard.note(message.topic, message.data);
      case "broadcast":
        return this.switchboard.passOn(worker, message);
    }
  }

  /** What is to be done when a worker has ended. */
  onWorkerExit(hear: (worker: Worker, cause: number | string) => void): void {
    this.#onWorkerExit.add(hear);
  }

  #gone(worker: Worker, cause: number | string): void {
    for (const hear of this.#onWorkerExit) hear(worker, cause);
    this.#pastRequests += worker.pulse?.requests ?? 0;
    this.#supply.recover(worker);
  }

  // ---- from the start to the end

  /**
   * Starts the workers, unless they have been, and resolves when a server listens in each of them.
   *
   * @throws {MillraceError} what a worker that cannot start says
   */
  async started(server: number): Promise<void> {
    await this.generations.start();
    await Promise.all(this.generations.current.workers.map((worker) => worker.listening(server)));
  }

  /** What all servers accept on, to be left to another process. */
  async holdings(): Promise<Holding[]> {
    await this.generations.settled();
    return this.#supply.holdings();
  }

  /** Another process has sockets of this one, too. @param keys of their addresses; undefined for all */
  disown(keys?: ReadonlySet<string>): Promise<void> {
    return this.#supply.disown(keys);
  }

  /**
   * Lets all workers end.
   *
   * @param deadline milliseconds, after which they are cut off
   * @param isReplaced whether another process stands in: see `StopOptions`
   */
  async stop(deadline: number, isReplaced: boolean): Promise<void> {
    this.#vigil.end();
    const { workers } = this;
    this.generations.leave(deadline, isReplaced);
    // A worker that has been told accepts what waits, and closes its share of the socket.
    await this.#supply.close();
    await Promise.all(workers.map(({ ended }) => ended));
  }

  /** Stops now. */
  abort(): void {
    this.generations.kill();
  }
}
