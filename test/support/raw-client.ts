import assert from "node:assert/strict";
import type { Connection, ConnectionHandler } from "../../src/transport/connection.ts";
import { ResponseReader, type WireResponse } from "./responses.ts";
import type { ServerEnd } from "./test-server.ts";

/** Turns of the event loop after which nothing in memory is under way any more. */
const QUIET = 30;

/** Lets everything that is under way in this process come to rest; no real time passes. */
export async function turns(count: number = QUIET): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

const DATE = /date: (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/g;

/** The client's end of a connection: writes octets, wants octets. The Date field is left out of what it wants. */
export class RawClient implements ConnectionHandler {
  /** What the server did with its end. */
  readonly server: ServerEnd;
  readonly #connection: Connection;
  readonly #responses = new ResponseReader();
  /** Everything received, Date fields left out. */
  received = "";
  #wanted = 0;
  ended = false;
  closed = false;

  constructor(connection: Connection, server: ServerEnd) {
    this.#connection = connection;
    this.server = server;
    connection.handler = this;
  }

  // ---- writing

  /** Writes octets; text is latin1. */
  send(...pieces: readonly (string | Uint8Array)[]): void {
    for (const piece of pieces) this.#connection.write(piece);
  }

  /** Writes each piece as a read of its own. */
  async sendApart(...pieces: readonly (string | Uint8Array)[]): Promise<void> {
    for (const piece of pieces) {
      this.send(piece);
      await turns();
    }
  }

  /** Says that it will send no more; it still listens. */
  finish(): void {
    this.#connection.end();
  }

  /** Is gone at once. */
  vanish(): void {
    this.#connection.destroy();
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  // ---- wanting

  /** The next octets are these. */
  async want(octets: string): Promise<void> {
    await this.#until(() => this.#next.length >= octets.length);
    assert.equal(this.#next.slice(0, octets.length), octets);
    this.#wanted += octets.length;
  }

  /** Nothing more comes, however long one waits; the connection stays open. */
  async wantSilence(): Promise<void> {
    await turns();
    assert.equal(this.#next, "");
    assert.equal(this.ended || this.closed, false, "the server has ended the connection");
  }

  /** The server says that it will send no more, and there is nothing that was not wanted. */
  async wantEnd(): Promise<void> {
    await this.#until(() => this.ended);
    await turns();
    assert.equal(this.#next, "");
  }

  /** The connection is cut off: no clean end. */
  async wantReset(): Promise<void> {
    await this.#until(() => this.closed);
    assert.equal(this.ended, false, "the connection ended cleanly");
  }

  async wantClosed(): Promise<void> {
    await this.#until(() => this.closed);
  }

  /** The next final response; `want` and this may not be mixed. */
  async response(isHead = false): Promise<WireResponse> {
    let response: WireResponse | undefined;
    await this.#until(() => (response = this.#responses.next(isHead)) !== undefined);
    return response!;
  }

  /** What has come and was not wanted yet. */
  get #next(): string {
    return this.received.slice(this.#wanted);
  }

  async #until(condition: () => boolean): Promise<void> {
    for (let turn = 0; !condition(); turn++) {
      if (turn < 5000) await turns(1);
      else assert.fail(`Waited in vain; received so far: ${JSON.stringify(this.#next.slice(0, 500))}`);
    }
  }

  // ---- the connection's news

  onData(octets: Buffer): void {
    const text = octets.toString("latin1");
    this.#responses.push(text);
    this.received += text.replace(DATE, "");
  }

  onEnd(): void {
    this.ended = true;
    this.#responses.end();
  }

  onDrain(): void {}

  onClose(): void {
    this.closed = true;
  }
}
