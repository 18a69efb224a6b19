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

const DATE = /date: (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/y;

/** The client's end of a connection: writes octets, wants octets or whole responses. */
export class RawClient implements ConnectionHandler {
  /** What the server did with its end. */
  readonly server: ServerEnd;
  readonly #connection: Connection;
  readonly #reader = new ResponseReader();
  /** How many octets have come. */
  received = 0;
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

  /** Octets that the server has not taken. */
  get unsent(): number {
    return this.#connection.unsent;
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

  /** The next octets are these. Date fields, which must be well formed, are left out of the comparison. */
  async want(octets: string): Promise<void> {
    await this.#until(() => this.#withoutDates(octets.length).text.length >= octets.length);
    const { text, end } = this.#withoutDates(octets.length);
    assert.equal(text, octets);
    this.#reader.skip(end);
  }

  /** The next final response. */
  async response(isHead = false): Promise<WireResponse> {
    let response: WireResponse | undefined;
    await this.#until(() => (response = this.#reader.next(isHead)) !== undefined);
    return response!;
  }

  /** The next final response if it is there already. */
  poll(isHead = false): WireResponse | undefined {
    return this.#reader.next(isHead);
  }

  /** What has come and was not wanted yet. */
  get rest(): string {
    return this.#reader.rest;
  }

  /** Nothing more comes, however long one waits; the connection stays open. */
  async wantSilence(): Promise<void> {
    await turns();
    assert.equal(this.#reader.rest, "");
    assert.equal(this.ended || this.closed, false, "the server has ended the connection");
  }

  /** The server says that it will send no more, after nothing but what was wanted. */
  async wantEnd(): Promise<void> {
    await this.#until(() => this.ended);
    assert.equal(this.#reader.rest, "");
  }

  /** The connection is cut off without a clean end. */
  async wantReset(): Promise<void> {
    await this.wantClosed();
    assert.equal(this.ended, false, "the connection ended cleanly");
  }

  async wantClosed(): Promise<void> {
    await this.#until(() => this.closed);
  }

  #withoutDates(length: number): { text: string; end: number } {
    const { rest } = this.#reader;
    let text = "";
    let at = 0;
    while (text.length < length && at < rest.length) {
      DATE.lastIndex = at;
      if (rest[at] === "d" && DATE.test(rest)) at = DATE.lastIndex;
      else text += rest[at++];
    }
    return { text, end: at };
  }

  async #until(condition: () => boolean): Promise<void> {
    for (let turn = 0; !condition(); turn++) {
      if (turn < 5000) await turns(1);
      else assert.fail(`Waited in vain; not wanted so far: ${JSON.stringify(this.#reader.rest.slice(0, 500))}`);
    }
  }

  // ---- the connection's news

  onData(octets: Buffer): void {
    this.received += octets.length;
    this.#reader.push(octets.toString("latin1"));
  }

  onEnd(): void {
    this.ended = true;
    this.#reader.end();
  }

  onDrain(): void {}

  onClose(): void {
    this.closed = true;
  }
}
