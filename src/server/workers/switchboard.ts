import type { Serializable } from "node:child_process";
import { EventEmitter } from "node:events";
import type { Broadcast, ToWorker } from "./messages.ts";
import type { Worker } from "./worker.ts";

/** What is told among workers: by the primary to all, by one to others, and by one to the primary. */
export class Switchboard {
  readonly #workers: () => readonly Worker[];
  /** What workers have told the primary last, by topic. */
  readonly #notes = new Map<string, Serializable>();
  readonly #noted = new EventEmitter();

  /** @param workers those that there are, old ones that drain among them */
  constructor(workers: () => readonly Worker[]) {
    this.#workers = workers;
  }

  /** Tells all workers what an extension, or a part of a server, understands. */
  broadcast(topic: string, data: Serializable): void {
    this.tellAll({ millrace: true, kind: "broadcast", topic, data });
  }

  tellAll(message: ToWorker): void {
    for (const worker of this.#workers()) worker.tell(message);
  }

  /** Tells others what a worker says. */
  passOn(worker: Worker, { to, ...said }: Broadcast): void {
    const others = this.#workers().filter((other) => other !== worker);
    const heard =
      to === undefined ? others : to === "eldest" ? eldestOf(others) : others.filter(({ pid }) => pid === to);
    for (const other of heard) other.tell({ millrace: true, ...said, from: worker.pid });
  }

  /** A worker tells the primary itself. */
  note(topic: string, data: Serializable): void {
    this.#notes.set(topic, data);
    this.#noted.emit(topic, data);
  }

  /** Hears what workers tell the primary itself, and what one has told last, also before this. */
  onNote(topic: string, hear: (data: Serializable) => void): void {
    this.#noted.on(topic, hear);
    const last = this.#notes.get(topic);
    if (last !== undefined) hear(last);
  }
}

/** The one that has served longest and still does, if there is one. */
function eldestOf(workers: readonly Worker[]): readonly Worker[] {
  const ready = workers.filter(({ state }) => state === "ready");
  return ready.sort((a, b) => a.readySince! - b.readySince!).slice(0, 1);
}
