import assert from "node:assert/strict";
import type { Connection, ConnectionHandler } from "../../src/transport/connection.ts";

/** A handler that writes down what it hears, lets a test act inside each call, and complains about nested calls. */
export class Recorder implements ConnectionHandler {
  readonly connection: Connection;
  readonly events: string[] = [];
  readonly octets: Buffer[] = [];
  received = 0;
  /** Called after the event is written down, inside the handler's call. */
  during: (event: string) => void = () => {};
  #busy = false;
  #waiters: (() => void)[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
    connection.handler = this;
  }

  onData(octets: Buffer): void {
    assert.notEqual(octets.length, 0);
    this.octets.push(Buffer.from(octets));
    this.received += octets.length;
    this.#hear("data");
  }

  onEnd(): void {
    this.#hear("end");
  }

  onDrain(): void {
    this.#hear("drain");
  }

  onClose(): void {
    this.#hear("close");
  }

  get text(): string {
    return Buffer.concat(this.octets).toString("latin1");
  }

  count(event: string): number {
    return this.events.filter((heard) => heard === event).length;
  }

  /** Resolves when `condition` holds; looked at after each event. */
  async until(condition: () => boolean, what = String(condition)): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, 5000);
    while (!condition()) {
      assert.equal(late, false, `5 s passed without ${what}; heard ${this.events.slice(-20).join(" ")}`);
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    clearTimeout(timer);
  }

  untilHeard(event: string): Promise<void> {
    return this.until(() => this.events.includes(event), event);
  }

  #hear(event: string): void {
    assert.equal(this.#busy, false, `${event} inside another call`);
    assert.equal(this.events.includes("close"), false, `${event} after close`);
    this.#busy = true;
    this.events.push(event);
    this.during(event);
    this.#busy = false;
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** Time for everything that is under way on this machine to arrive. */
export async function settle(milliseconds = 30): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  // On a busy machine the timer may be due before anything else had its turn.
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
