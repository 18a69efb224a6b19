import { type ChildProcess, fork, type SendHandle } from "node:child_process";
import { MillraceError } from "../../base/errors.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import type { ConnectionHandle } from "../../transport/listening-handle.ts";
import { startAsIdentity } from "../system/privileges.ts";
import { socketsForWorkers } from "../system/inherited-sockets.ts";
import { SUCCESSOR_VARIABLE, WORKER_VARIABLE } from "./membership.ts";
import { Questions } from "./questions.ts";
import {
  isOurs,
  type Pulse,
  type ToPrimary,
  type ToWorker,
  type WorkerFault,
  type WorkerTimeouts,
} from "./messages.ts";

/** A timer cannot be set for longer; room is left for what is added to a deadline. */
const LONGEST_TIMER = 0x7fff_0000;

/** What a worker is doing. */
export type WorkerState =
  /** Loads the program. */
  | "starting"
  /** Takes connections. */
  | "ready"
  /** Takes no more, and ends what it has. */
  | "draining"
  /** Has ended. */
  | "gone";

/** What a worker tells the primary that it belongs to. */
export interface WorkerEvents {
  message(worker: Worker, message: ToPrimary): void;
  /** The process has ended. @param cause its exit code or the signal */
  gone(worker: Worker, cause: number | string): void;
}

/** How to start the program once more. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly execArgv: readonly string[];
}

/** A connection that a primary has accepted for whoever listens under `key`. */
export interface Arrival {
  readonly key: string;
  readonly handle: ConnectionHandle;
}

/** A worker process, as its primary sees it. */
export class Worker {
  /** From 1 on; whoever replaces it has the same. */
  readonly id: number;
  /** Which program it runs: each reload is a new one. */
  readonly generation: number;
  readonly #process: ChildProcess;
  /** Servers of the program that have begun to start, by number. */
  readonly #begun = new Set<number>();
  readonly #listening = new Map<number, PromiseWithResolvers<readonly ListenAddress[]>>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  /** Connections given to it that have not come through yet. */
  readonly #given = new Map<number, Arrival>();
  #gifts = 0;
  #fault: WorkerFault | undefined;
  /** What it is asked. */
  readonly questions: Questions = new Questions((message) => this.tell(message));
  /** What it was told to accept on. */
  readonly keys: Set<string> = new Set();
  readonly began: number = performance.now();
  state: WorkerState = "starting";
  /** Whether it is to end: then nobody replaces it when it does. */
  isLeaving = false;
  /** When its servers listened, in monotonic milliseconds. */
  readySince: number | undefined;
  pulse: Pulse | undefined;
  /** As its config says; the defaults until it has told. */
  timeouts: WorkerTimeouts = {};
  /** Pulses in a row that told of more lag than is allowed. */
  lateness = 0;
  /** When it last said something, in monotonic milliseconds. */
  spoke: number = performance.now();
  /** The same, or when it was given another chance. */
  heard: number = performance.now();

  /** @param isSuccessor whether it is to replace one that works */
  constructor(id: number, generation: number, isSuccessor: boolean, program: Program, events: WorkerEvents) {
    this.id = id;
    this.generation = generation;
    this.#ready.promise.catch(() => {});
    const identity = startAsIdentity();
    this.#process = fork(program.file, [...program.args], {
      execArgv: [...identity.execArgv, ...program.execArgv],
      // The sockets come first: what systemd says of them is taken out of the environment.
      env: {
        ...socketsForWorkers(),
        ...process.env,
        ...identity.env,
        [WORKER_VARIABLE]: String(id),
        [SUCCESSOR_VARIABLE]: isSuccessor ? "1" : "0",
      },
      serialization: "advanced",
    });
    this.#process.on("message", (message) => {
      if (isOurs(message)) events.message(this, message as ToPrimary);
    });
    const gone = (cause: number | string): void => {
      if (this.state === "gone") return;
      this.state = "gone";
      const error = this.#error(cause);
      this.#ready.reject(error);
      for (const { reject } of this.#listening.values()) reject(error);
      this.questions.end();
      events.gone(this, cause);
      this.#ended.resolve();
    };
    this.#process.once("exit", (code, signal) => gone(signal ?? code ?? 0));
    // A process that never was does not exit either.
    this.#process.on("error", (error) => this.#process.pid === undefined && gone(error.message));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Resolves when its servers listen. @throws {MillraceError} why they do not: in the words of the program */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Why it could not start. */
  get fault(): WorkerFault | undefined {
    return this.#fault;
  }

  /** Resolves when one server of the program listens. @throws as `ready` does */
  listening(server: number): Promise<readonly ListenAddress[]> {
    return this.#place(server).promise;
  }

  #place(server: number): PromiseWithResolvers<readonly ListenAddress[]> {
    let place = this.#listening.get(server);
    if (place === undefined) {
      place = Promise.withResolvers();
      place.promise.catch(() => {});
      this.#listening.set(server, place);
    }
    return place;
  }

  /** A server of the program begins to start. */
  begins(server: number): void {
    this.#begun.add(server);
  }

  /** A server of the program listens. @returns whether that was the last one waited for */
  listens(server: number, addresses: readonly ListenAddress[]): boolean {
    this.#place(server).resolve(addresses);
    this.#begun.delete(server);
    if (this.#begun.size > 0 || this.state !== "starting") return false;
    this.state = "ready";
    this.readySince = performance.now();
    this.#ready.resolve();
    return true;
  }

  /** The program cannot start. Its process ends by itself, or is ended. */
  fails(fault: WorkerFault): void {
    this.#fault ??= fault;
  }

  #error(cause: number | string): MillraceError {
    const { code = "START_FAILED", message, hint, place } = this.#fault ?? {};
    const how = typeof cause === "number" ? `with exit code ${cause}` : `by ${cause}`;
    return new MillraceError(code, message ?? `Worker ${this.id} ended ${how} before it listened.`, { hint, place });
  }

  /** Sends a message, perhaps with a socket. Who is gone hears nothing: that it is gone is told elsewhere. */
  tell(message: ToWorker, handle?: ConnectionHandle): void {
    if (!this.#process.connected) return;
    // A handle of the system is no type that Node documents, though it is one that it sends.
    this.#process.send(message, handle as SendHandle | undefined, {}, () => {});
  }

  /** Gives it a connection. */
  give(arrival: Arrival): void {
    const number = ++this.#gifts;
    this.#given.set(number, arrival);
    this.tell({ millrace: true, kind: "connection", key: arrival.key, number }, arrival.handle);
  }

  /** A connection has come through. */
  took(number: number): void {
    this.#given.get(number)?.handle.close();
    this.#given.delete(number);
  }

  /** Takes back what has not come through: nobody has read of it. */
  takeBack(): Arrival[] {
    const arrivals = [...this.#given.values()];
    this.#given.clear();
    return arrivals;
  }

  /** Lets it end what it has; what is not over by the deadline is cut off. */
  drain(deadline: number, isReplaced: boolean): void {
    if (this.state === "gone") return;
    this.tell({ millrace: true, kind: "stop", deadline, isReplaced });
    this.ends(deadline + 2000);
  }

  /** It ends by itself, and is killed if it has not by then. */
  ends(within: number): void {
    this.isLeaving = true;
    this.state = "draining";
    if (within > LONGEST_TIMER) return;
    // It may be stuck.
    const late = setTimeout(() => this.kill("SIGKILL"), within);
    void this.#ended.promise.then(() => clearTimeout(late));
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }
}
