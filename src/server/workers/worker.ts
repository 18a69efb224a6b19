import { type ChildProcess, fork, type SendHandle } from "node:child_process";
import type { ListenAddress } from "../../transport/connection.ts";
import { WORKER_VARIABLE } from "./membership.ts";
import { isOurs, type Pulse, type ToPrimary, type ToWorker } from "./messages.ts";

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

/** A worker process, as its primary sees it. */
export class Worker {
  /** From 1 on; whoever replaces it has the same. */
  readonly id: number;
  /** Which program it runs: each reload is a new one. */
  readonly generation: number;
  readonly #process: ChildProcess;
  readonly #servers = new Map<number, readonly ListenAddress[]>();
  readonly began: number = performance.now();
  state: WorkerState = "starting";
  /** When its servers listened, in monotonic milliseconds. */
  readySince: number | undefined;
  /** Why it could not start, in its own words. */
  failure: string | undefined;
  pulse: Pulse | undefined;
  /** When it was last heard of, in monotonic milliseconds. */
  heard: number = performance.now();

  constructor(id: number, generation: number, program: Program, events: WorkerEvents) {
    this.id = id;
    this.generation = generation;
    this.#process = fork(program.file, [...program.args], {
      execArgv: [...program.execArgv],
      env: { ...process.env, [WORKER_VARIABLE]: String(id) },
      serialization: "advanced",
    });
    this.#process.on("message", (message) => {
      if (isOurs(message)) events.message(this, message as ToPrimary);
    });
    this.#process.on("error", () => {});
    this.#process.once("exit", (code, signal) => {
      this.state = "gone";
      events.gone(this, signal ?? code ?? 0);
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Servers that listen, with where. */
  get servers(): ReadonlyMap<number, readonly ListenAddress[]> {
    return this.#servers;
  }

  listening(server: number, addresses: readonly ListenAddress[]): void {
    this.#servers.set(server, addresses);
  }

  /** Sends a message, perhaps with a socket. `failed` is called when the process is gone. */
  tell(message: ToWorker, handle?: unknown, failed?: () => void): void {
    if (!this.#process.connected) {
      failed?.();
      return;
    }
    // A handle of the system is no type that Node documents, though it is one that it sends.
    this.#process.send(message, handle as SendHandle | undefined, {}, (error) => {
      if (error !== null) failed?.();
    });
  }

  /** Lets it end what it has; what is not over by the deadline is cut off. */
  drain(deadline: number, isReplaced: boolean): void {
    if (this.state === "gone") return;
    this.state = "draining";
    this.tell({ millrace: true, kind: "stop", deadline, isReplaced });
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }
}
