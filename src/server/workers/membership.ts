import { EventEmitter } from "node:events";
import type { Serializable } from "node:child_process";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { MillraceError, type SourcePlace } from "../../base/errors.ts";
import type { LogFields, LogLevel } from "../../base/log.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import type { ConnectionHandle, ListeningHandle } from "../../transport/listening-handle.ts";
import type { ListenWhere } from "../../transport/tcp.ts";
import { type Counts, sumOf } from "./counts.ts";
import { type Broadcast, isOurs, type ToPrimary, type ToWorker, type Wishes, type WorkerFault } from "./messages.ts";
import { Answers } from "./questions.ts";
import { HeldSecrets } from "./secrets.ts";

/** The variable by which a process knows that it is a worker, and which. */
export const WORKER_VARIABLE = "MILLRACE_WORKER";
/** The variable by which a worker knows that it stands in for one that works. */
export const SUCCESSOR_VARIABLE = "MILLRACE_SUCCESSOR";

/** Milliseconds between two pulses. */
const PULSE = 1000;
/** Milliseconds that the last word of a worker may take. */
const FAREWELL = 1000;
/** Milliseconds of the timer that measures lag: it is always late by as many. */
const RESOLUTION = 10;

/** What a worker accepts on: sockets bound by its primary, or what the primary hands over. */
export type Acceptance =
  | { readonly kind: "handles"; readonly handles: readonly ListeningHandle[] }
  | {
      readonly kind: "dispatch";
      readonly port: number;
      readonly take: (onHandle: (handle: ConnectionHandle) => void) => void;
    };

/** How a worker is to stop. */
export interface StopOrder {
  /** Milliseconds that exchanges may take to end. */
  readonly deadline: number;
  /** Whether others go on, so that idle connections may wait for their last answer. */
  readonly isReplaced: boolean;
}

interface Waiting {
  readonly key: string;
  /** Sockets that have come so far. */
  readonly handles: ListeningHandle[];
  resolve(acceptance: Acceptance): void;
  reject(error: unknown): void;
}

/** A worker's place among the others: what it asks of its primary, and what it is told. */
export class Membership {
  /** From 1 on; a worker that stands in for a dead one has its number. */
  readonly id: number;
  /** Whether it is to replace one that works: then it must not begin with less than that has. */
  readonly isSuccessor: boolean;
  readonly #waiting = new Map<number, Waiting>();
  readonly #takers = new Map<string, (handle: ConnectionHandle) => void>();
  /** Connections that came before anybody took them. */
  readonly #early = new Map<string, ConnectionHandle[]>();
  readonly #topics = new EventEmitter();
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  #asks = 0;
  #servers = 0;
  /** Servers that listen, and how to count what they have. */
  readonly #running = new Map<number, () => Counts>();
  readonly #stopped = new Set<number>();
  readonly #onStop: ((how: StopOrder) => void)[] = [];
  readonly #welcome = Promise.withResolvers<void>();
  /** What the primary may ask. */
  readonly answers: Answers = new Answers((message) => this.#tell(message));
  /** What all workers share; there from `welcomed` on. */
  readonly secrets: HeldSecrets = new HeldSecrets();
  /** How many workers there are to be, this one among them. */
  workers = 1;

  constructor(id: number, isSuccessor: boolean) {
    this.id = id;
    this.isSuccessor = isSuccessor;
    process.on("message", (message, handle) => {
      if (isOurs(message)) this.#receive(message as ToWorker, handle);
    });
    // Without its primary nobody would ever replace or stop it.
    process.on("disconnect", () => this.#stop({ deadline: 5000, isReplaced: false }));
    // A terminal sends these to all processes of a group: the primary hears them and says what is to be done.
    process.on("SIGINT", () => {});
    process.on("SIGHUP", () => {});
    // Somebody wants this one to go: its successor is started first.
    process.on("SIGTERM", () => this.leave("it was told to end"));
    this.#beat();
  }

  /** Asks for what to accept on. @throws {MillraceError} why there is nothing */
  listen(key: string, where: ListenWhere): Promise<Acceptance> {
    const ask = ++this.#asks;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask, { key, handles: [], resolve, reject });
      this.#tell({ millrace: true, kind: "listen", ask, key, where });
    });
  }

  /** A server begins to start. @returns its number, the same in each worker */
  enrol(wishes: Wishes): number {
    const server = this.#servers++;
    this.#tell({ millrace: true, kind: "begin", server, wishes });
    return server;
  }

  /** A server could not start: the next one that is tried in its place, such as at another port, has its number. */
  withdraw(server: number): void {
    if (server === this.#servers - 1) this.#servers--;
  }

  /** Tells the primary alone, which keeps the last note of each topic. */
  note(topic: string, data: Serializable): void {
    this.#tell({ millrace: true, kind: "note", topic, data });
  }

  /** Resolves when the primary has answered, with what a worker has to know before it listens. */
  get welcomed(): Promise<void> {
    return this.#welcome.promise;
  }

  /** A server listens. */
  ready(server: number, addresses: readonly ListenAddress[], counts: () => Counts): void {
    this.#running.set(server, counts);
    this.#pulse();
    this.#tell({ millrace: true, kind: "ready", server, addresses });
  }

  /** A server has stopped; with the last one the worker ends, once it has told what it has answered. */
  stopped(server: number): void {
    this.#stopped.add(server);
    if (this.#stopped.size < this.#running.size) return;
    this.#pulse(() => process.exit());
    // The primary may be gone.
    setTimeout(() => process.exit(), FAREWELL);
  }

  /** Tells every second how this worker is. */
  #beat(): void {
    this.#delay.enable();
    setInterval(() => this.#pulse(), PULSE).unref();
  }

  #pulse(told?: () => void): void {
    const lag = Math.max(0, this.#delay.max / 1e6 - RESOLUTION);
    this.#delay.reset();
    const counts = sumOf([...this.#running.values()].map((count) => count()));
    this.#tell({ millrace: true, kind: "pulse", pulse: { lag, memory: process.memoryUsage.rss(), ...counts } }, told);
  }

  /** The worker cannot start: it ends when its primary has been told. */
  failed(fault: WorkerFault): Promise<never> {
    return new Promise(() => this.#tell({ millrace: true, kind: "failed", fault }, () => process.exit(1)));
  }

  /** The worker ends because of an error: somebody is to be started in its place, while it lets exchanges end. */
  fail(message: string, place: SourcePlace | undefined, deadline: number): void {
    this.#tell({ millrace: true, kind: "failing", fault: { code: "UNCAUGHT", message, hint: undefined, place } });
    this.#stop({ deadline, isReplaced: true });
  }

  /** What is to be done when the worker is told to stop. */
  onStop(stop: (how: StopOrder) => void): void {
    this.#onStop.push(stop);
  }

  /** Wants to end: a successor is started, and when that is ready this one is told to stop. */
  leave(reason: string): void {
    this.#tell({ millrace: true, kind: "leaving", reason });
  }

  /** Writes into the log of the primary, which takes the same of several workers for one. @param fields plain data */
  say(level: LogLevel, message: string, fields: LogFields): void {
    this.#tell({ millrace: true, kind: "said", level, message, fields });
  }

  /**
   * Tells other workers: all of them, the one that has served longest, or one by its process id. Resolves when it is on
   * its way.
   */
  broadcast(topic: string, data: Serializable, to?: Broadcast["to"]): Promise<void> {
    return new Promise((resolve) => this.#tell({ millrace: true, kind: "broadcast", topic, data, to }, resolve));
  }

  /** Hears what others tell. @param hear gets the process id of who tells it too; 0 is the primary */
  on(topic: string, hear: (data: Serializable, from: number) => void): void {
    this.#topics.on(topic, hear);
  }

  #tell(message: ToPrimary, told: () => void = () => {}): void {
    // The primary may be gone; "disconnect" tells.
    if (process.connected) process.send!(message, undefined, undefined, told);
    else told();
  }

  #receive(message: ToWorker, handle: unknown): void {
    switch (message.kind) {
      case "handle":
        this.#waiting.get(message.ask)?.handles.push(handle as ListeningHandle);
        if (message.left > 0) return;
        return this.#settle(message.ask, ({ handles, resolve }) => resolve({ kind: "handles", handles }));
      case "dispatch":
        return this.#settle(message.ask, ({ key, resolve }) =>
          resolve({ kind: "dispatch", port: message.port, take: (onHandle) => this.#take(key, onHandle) }),
        );
      case "refusal":
        return this.#settle(message.ask, ({ reject }) =>
          reject(new MillraceError(message.code, message.message, { hint: message.hint })),
        );
      case "connection":
        // Said at once: what has not been taken when this worker dies is for another one.
        this.#tell({ millrace: true, kind: "taken", number: message.number });
        return this.#connection(message.key, handle as ConnectionHandle | undefined);
      case "stop":
        return this.#stop(message);
      case "welcome":
        this.workers = message.workers;
        this.secrets.take(message.secrets);
        return this.#welcome.resolve();
      case "ask":
        return void this.answers.ask(message);
      case "cancel":
        return this.answers.cancel(message.ask, "Nobody waits for it any more.");
      case "secrets":
        return this.secrets.take(message.secrets);
      case "broadcast":
        this.#topics.emit(message.topic, message.data, message.from ?? 0);
    }
  }

  #settle(ask: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(ask);
    this.#waiting.delete(ask);
    if (waiting !== undefined) how(waiting);
  }

  #take(key: string, onHandle: (handle: ConnectionHandle) => void): void {
    this.#takers.set(key, onHandle);
    for (const handle of this.#early.get(key) ?? []) onHandle(handle);
    this.#early.delete(key);
  }

  #connection(key: string, handle: ConnectionHandle | undefined): void {
    // It did not come through.
    if (handle === undefined) return;
    const take = this.#takers.get(key);
    if (take !== undefined) take(handle);
    else this.#early.set(key, [...(this.#early.get(key) ?? []), handle]);
  }

  #stop(how: StopOrder): void {
    this.answers.end();
    if (this.#onStop.length === 0) process.exit();
    for (const stop of this.#onStop) stop(how);
  }
}

function memberOf(): Membership | undefined {
  const id = process.env[WORKER_VARIABLE];
  const isSuccessor = process.env[SUCCESSOR_VARIABLE] === "1";
  // What this process starts is no worker.
  delete process.env[WORKER_VARIABLE];
  delete process.env[SUCCESSOR_VARIABLE];
  return id === undefined || process.send === undefined ? undefined : new Membership(Number(id), isSuccessor);
}

/** This process's place among workers; undefined when it is none. */
export const membership: Membership | undefined = memberOf();
