import { EventEmitter } from "node:events";
import type { Serializable } from "node:child_process";
import type { Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { MillraceError } from "../../base/errors.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import type { ListeningHandle } from "../../transport/listening-handle.ts";
import type { ListenWhere } from "../../transport/tcp.ts";
import { isOurs, type Pulse, type ToPrimary, type ToWorker } from "./messages.ts";

/** The variable by which a process knows that it is a worker, and which. */
export const WORKER_VARIABLE = "MILLRACE_WORKER";

/** Milliseconds between two pulses. */
const PULSE = 1000;

/** What a worker accepts on: a socket of its own, or what the primary hands over. */
export type Acceptance =
  | { readonly kind: "handle"; readonly handle: ListeningHandle }
  | { readonly kind: "dispatch"; readonly take: (onSocket: (socket: Socket) => void) => void };

/** How a worker is to stop. */
export interface StopOrder {
  /** Milliseconds that exchanges may take to end. */
  readonly deadline: number;
  /** Whether others go on, so that idle connections may wait for their last answer. */
  readonly isReplaced: boolean;
}

interface Waiting {
  readonly key: string;
  resolve(acceptance: Acceptance): void;
  reject(error: unknown): void;
}

/** A worker's place among the others: what it asks of its primary, and what it is told. */
export class Membership {
  /** From 1 on; a worker that stands in for a dead one has its number. */
  readonly id: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #takers = new Map<string, (socket: Socket) => void>();
  /** Connections that came before anybody took them. */
  readonly #early = new Map<string, Socket[]>();
  readonly #topics = new EventEmitter();
  #asks = 0;
  #servers = 0;
  readonly #running = new Set<number>();
  readonly #onStop: ((how: StopOrder) => void)[] = [];

  constructor(id: number) {
    this.id = id;
    process.on("message", (message, handle) => {
      if (isOurs(message)) this.#receive(message as ToWorker, handle);
    });
    // Without its primary nobody would ever replace or stop it.
    process.on("disconnect", () => this.#stop({ deadline: 5000, isReplaced: false }));
    // A terminal sends these to all processes of a group: the primary hears them and says what is to be done.
    process.on("SIGINT", () => {});
    process.on("SIGHUP", () => {});
    process.on("SIGTERM", () => this.#stop({ deadline: 30_000, isReplaced: true }));
  }

  /** Asks for what to accept on. @throws {MillraceError} why there is nothing */
  listen(key: string, where: ListenWhere): Promise<Acceptance> {
    const ask = ++this.#asks;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask, { key, resolve, reject });
      this.#tell({ millrace: true, kind: "listen", ask, key, where });
    });
  }

  /** A number for each server of the program, the same in each worker. */
  enrol(): number {
    this.#running.add(this.#servers);
    return this.#servers++;
  }

  /** A server has stopped; with the last one the worker ends. */
  stopped(server: number): void {
    this.#running.delete(server);
    if (this.#running.size === 0) process.exit();
  }

  /** A server listens. */
  ready(server: number, addresses: readonly ListenAddress[]): void {
    this.#tell({ millrace: true, kind: "ready", server, addresses });
  }

  /** Tells every second how this worker is. */
  beat(counts: () => Pick<Pulse, "connections" | "requests">): void {
    const delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    setInterval(() => {
      const pulse = { lag: delay.max / 1e6, memory: process.memoryUsage.rss(), ...counts() };
      delay.reset();
      this.#tell({ millrace: true, kind: "pulse", pulse });
    }, PULSE).unref();
  }

  /** The worker cannot start. Resolves when the primary has been told. */
  failed(message: string): Promise<void> {
    return new Promise((resolve) => this.#tell({ millrace: true, kind: "failed", message }, resolve));
  }

  /** What is to be done when the worker is told to stop. */
  onStop(stop: (how: StopOrder) => void): void {
    this.#onStop.push(stop);
  }

  /** Tells all other workers. */
  broadcast(topic: string, data: Serializable): void {
    this.#tell({ millrace: true, kind: "broadcast", topic, data });
  }

  /** Hears what others tell. */
  on(topic: string, hear: (data: Serializable) => void): void {
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
        return this.#settle(message.ask, (waiting) => {
          const { key } = waiting;
          waiting.resolve(
            message.dispatch === "round-robin"
              ? { kind: "dispatch", take: (onSocket) => this.#take(key, onSocket) }
              : { kind: "handle", handle: handle as ListeningHandle },
          );
        });
      case "refusal":
        return this.#settle(message.ask, ({ reject }) =>
          reject(new MillraceError(message.code, message.message, { hint: message.hint })),
        );
      case "connection":
        return this.#connection(message.key, handle as Socket | undefined);
      case "stop":
        return this.#stop(message);
      case "broadcast":
        this.#topics.emit(message.topic, message.data);
    }
  }

  #settle(ask: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(ask);
    this.#waiting.delete(ask);
    if (waiting !== undefined) how(waiting);
  }

  #take(key: string, onSocket: (socket: Socket) => void): void {
    this.#takers.set(key, onSocket);
    for (const socket of this.#early.get(key) ?? []) onSocket(socket);
    this.#early.delete(key);
  }

  #connection(key: string, socket: Socket | undefined): void {
    // The client was gone before the socket came through.
    if (socket === undefined) return;
    const take = this.#takers.get(key);
    if (take !== undefined) take(socket);
    else this.#early.set(key, [...(this.#early.get(key) ?? []), socket]);
  }

  #stop(how: StopOrder): void {
    if (this.#onStop.length === 0) process.exit();
    for (const stop of this.#onStop) stop(how);
  }
}

function memberOf(): Membership | undefined {
  const id = process.env[WORKER_VARIABLE];
  // What this process starts is no worker.
  delete process.env[WORKER_VARIABLE];
  return id === undefined || process.send === undefined ? undefined : new Membership(Number(id));
}

/** This process's place among workers; undefined when it is none. */
export const membership: Membership | undefined = memberOf();
