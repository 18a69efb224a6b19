import { availableParallelism } from "node:os";
import type { Log } from "../../base/log.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import { faultFields } from "../faults/fault-fields.ts";
import type { Begin, Pulse, Ready, Recycling, WorkerFault } from "./messages.ts";
import { Respawn } from "./respawn.ts";
import { type Program, Worker, type WorkerEvents } from "./worker.ts";

/** What a crew works with. */
export interface CrewParts {
  readonly program: Program;
  readonly log: Log;
  readonly events: WorkerEvents;
  /** A worker is not started again. @param left how many others there are or will be */
  readonly onGivenUp: (worker: Worker, left: number) => void;
}

/** Milliseconds that a worker has to have served for its end to be no failed start. */
const EARLY = 1000;
/** Milliseconds that exchanges may take to end when a worker is replaced. */
const DRAIN = 30_000;
/** Milliseconds that a worker has to end by itself after an error. */
const LAST = 6000;
/** Pulses in a row that have to tell of too much lag. */
const LATE = 3;
/** Milliseconds until it is tried again to replace a worker whose successor failed. */
const PATIENCE = 10_000;

/** The workers of one generation: those that run the program as it was when they were started. */
export class Crew {
  readonly generation: number;
  /** How many workers it is to have. */
  size: number;
  /** Where the servers of the program listen, by number. */
  readonly addresses: Map<number, readonly ListenAddress[]> = new Map();
  /** As the config of the program says; the defaults until a worker has told. */
  #recycling: Recycling = {};
  readonly #parts: CrewParts;
  readonly #respawn = new Respawn();
  /** All that run, also those whose successor has been started. */
  readonly #workers = new Set<Worker>();
  /** Timers of those that are to come. */
  readonly #coming = new Set<NodeJS.Timeout>();
  /** Only who serves replaces its dead: when a start fails all of it fails. */
  #state: "starting" | "serving" | "leaving" = "starting";

  constructor(generation: number, size: number, parts: CrewParts) {
    this.generation = generation;
    this.size = size;
    this.#parts = parts;
  }

  /** Those that run, by id. */
  get workers(): readonly Worker[] {
    return [...this.#workers].sort((a, b) => a.id - b.id || a.began - b.began);
  }

  /** Starts all workers. @throws {MillraceError} what the first one that fails says */
  async start(): Promise<void> {
    const workers = Array.from({ length: this.size }, (_, index) => this.#spawn(index + 1));
    await Promise.all(workers.map(({ ready }) => ready));
    this.#serve();
  }

  /** Starts one worker and, when that listens, as many more as it wishes. @throws as `start` does */
  async startCarefully(): Promise<void> {
    await this.#spawn(1).ready;
    const others = Array.from({ length: this.size - 1 }, (_, index) => this.#spawn(index + 2));
    await Promise.all(others.map(({ ready }) => ready));
    this.#serve();
  }

  /** All have come to listen; those that have ended since are replaced. */
  #serve(): void {
    this.#state = "serving";
    const ids = new Set(this.workers.map(({ id }) => id));
    for (let id = 1; id <= this.size; id++) if (!ids.has(id)) this.#spawn(id);
  }

  /** A server of the program begins to start, and tells what its config says. */
  begins(worker: Worker, { server, wishes }: Begin): void {
    const { workers, recycle, timeouts } = wishes;
    worker.begins(server);
    worker.timeouts = timeouts;
    this.#recycling = recycle;
    // Later it is for the next reload to say.
    if (this.#state === "starting") this.size = workers === "auto" ? availableParallelism() : workers;
  }

  /** A server of the program listens. @returns whether its worker is ready with that */
  listens(worker: Worker, { server, addresses }: Ready): boolean {
    this.addresses.set(server, addresses);
    return worker.listens(server, addresses);
  }

  #spawn(id: number, isSuccessor = this.#state === "starting" && this.generation > 1): Worker {
    const { program, events } = this.#parts;
    const worker = new Worker(id, this.generation, isSuccessor, program, {
      message: events.message,
      gone: (gone, cause) => {
        this.#workers.delete(gone);
        events.gone(gone, cause);
        if (this.#state === "serving" && !gone.isLeaving) this.#replace(gone, cause);
      },
    });
    this.#workers.add(worker);
    return worker;
  }

  #replace(worker: Worker, cause: number | string): void {
    const { id, pid, fault } = worker;
    const why = fault === undefined ? {} : { why: fault.message, ...faultFields(fault) };
    this.#parts.log.write("error", "A worker has ended", { worker: id, pid, cause, ...why });
    this.#respawnLater(worker, cause);
  }

  #respawnLater(worker: Worker, cause: number | string): void {
    const { id } = worker;
    const wait = isKilled(worker, cause) ? 0 : this.#respawn.after(performance.now(), isEarly(worker));
    if (wait === undefined) return this.#giveUp(worker);
    const since = performance.now();
    const timer = setTimeout(() => {
      this.#coming.delete(timer);
      void this.#stand(this.#spawn(id), since);
    }, wait);
    this.#coming.add(timer);
  }

  /** Tells when somebody serves in the place of another. @param since when that has ended */
  async #stand(worker: Worker, since: number): Promise<void> {
    try {
      await worker.ready;
    } catch {
      // It has ended, and somebody else will be started.
      return;
    }
    const milliseconds = Math.round(performance.now() - since);
    this.#parts.log.write("info", "A worker has taken the place of another", {
      worker: worker.id,
      pid: worker.pid,
      milliseconds,
    });
  }

  #giveUp(worker: Worker): void {
    const others = [...this.#workers].filter((other) => other !== worker && !other.isLeaving);
    const left = others.length + this.#coming.size;
    const message = `Workers end as soon as they start: worker ${worker.id} is not started again`;
    this.#parts.log.write("error", message, { left });
    this.#parts.onGivenUp(worker, left);
  }

  /** A worker ends because of an error: somebody is started in its place while it lets exchanges end. */
  fail(worker: Worker, fault: WorkerFault): void {
    worker.fails(fault);
    if (this.#state !== "serving" || worker.isLeaving || worker.state !== "ready") return;
    const { id, pid } = worker;
    this.#parts.log.write("error", "A worker ends because of an error", { worker: id, pid, error: fault.message });
    worker.ends(LAST);
    this.#respawnLater(worker, "error");
  }

  /** A worker tells how it is: one that has grown too large or is late too often is replaced. */
  feel(worker: Worker, pulse: Pulse): void {
    worker.pulse = pulse;
    const { memory = Infinity, lag = Infinity } = this.#recycling;
    worker.lateness = pulse.lag > lag ? worker.lateness + 1 : 0;
    if (pulse.memory > memory) void this.recycle(worker, `it has ${Math.round(pulse.memory / 1e6)} MB of memory`);
    else if (worker.lateness >= LATE) void this.recycle(worker, `it is ${Math.round(pulse.lag)} ms late`);
  }

  /** Starts somebody in the place of a worker, and when that is ready lets the worker end. */
  async recycle(worker: Worker, reason: string): Promise<void> {
    if (this.#state !== "serving" || worker.isLeaving || worker.state !== "ready") return;
    worker.isLeaving = true;
    const { id, pid } = worker;
    this.#parts.log.write("info", "A worker is replaced", { worker: id, pid, reason });
    const next = this.#spawn(id, true);
    next.isLeaving = true;
    try {
      await next.ready;
      next.isLeaving = false;
      worker.drain(DRAIN, true);
    } catch (error) {
      this.#parts.log.write("error", "A worker cannot be replaced, and goes on", { worker: id, pid, error });
      setTimeout(() => (worker.isLeaving = false), PATIENCE).unref();
    }
  }

  /** Lets all workers end. */
  leave(deadline: number, isReplaced: boolean): void {
    this.#forgetTheComing();
    for (const worker of this.#workers) worker.drain(deadline, isReplaced);
  }

  /** Their start has failed. Who listens may have been connected to already, and ends that; the others end now. */
  dismiss(deadline: number): void {
    this.#forgetTheComing();
    for (const worker of this.#workers) {
      worker.isLeaving = true;
      if (worker.state === "starting") worker.kill("SIGKILL");
      else worker.drain(deadline, true);
    }
  }

  /** Ends all workers now. */
  kill(): void {
    this.#forgetTheComing();
    for (const worker of this.#workers) {
      worker.isLeaving = true;
      worker.kill("SIGKILL");
    }
  }

  #forgetTheComing(): void {
    this.#state = "leaving";
    for (const timer of this.#coming) clearTimeout(timer);
    this.#coming.clear();
  }
}

/** Who has served and is killed from outside is replaced at once: the program is not to blame. */
function isKilled({ readySince }: Worker, cause: number | string): boolean {
  return readySince !== undefined && (cause === "SIGKILL" || cause === "SIGTERM");
}

function isEarly({ readySince }: Worker): boolean {
  return readySince === undefined || performance.now() - readySince < EARLY;
}
