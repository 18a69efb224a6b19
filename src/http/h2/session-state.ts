import type { Output } from "../output.ts";
import type { Deadlines } from "./deadlines.ts";
import { NO_ERROR } from "./errors.ts";
import { frameHead, goaway, PING } from "./frame.ts";
import type { StreamTable } from "./stream-table.ts";

/** The last stream of a GOAWAY that only warns. RFC 9113 §6.8. */
const ANY_STREAM = 0x7fffffff;

/** What our PING says, and its answer: when it is back, the client has read what came before it. */
const DRAIN_PING = "millrace";

/** Milliseconds that a client has to answer it. */
const DRAIN_WAIT = 1_000;

/** What a session is doing. */
type State =
  /** Streams come and go. */
  | "open"
  /** GOAWAY says that new streams will not be taken much longer; those on their way still are. */
  | "leaving"
  /** GOAWAY has named the last stream: when it is over, the connection ends. */
  | "closing"
  /** Has said everything, and FIN; reads on for a while, so that the client can read it. */
  | "lingering"
  /** The connection is gone. */
  | "over";

/** The session, as its state sees it. */
export interface StateOwner {
  /** Whether the client's SETTINGS have come: what is told before them is told too early. */
  readonly hasBegun: boolean;
  /** Whether frames are being read: when they are, it is seen to that the session ends. */
  readonly isReading: boolean;
  flush(): void;
  /** Sends what is left and FIN, and listens on for a moment. */
  linger(): void;
}

/** What a session is doing, and how its client is told that it comes to its end. RFC 9113 §6.8. */
export class SessionState {
  readonly #owner: StateOwner;
  readonly #streams: StreamTable;
  readonly #output: Output;
  readonly #deadlines: Deadlines;
  #now: State = "open";
  /** The stream that GOAWAY has named. */
  #named = ANY_STREAM;

  constructor(owner: StateOwner, streams: StreamTable, output: Output, deadlines: Deadlines) {
    this.#owner = owner;
    this.#streams = streams;
    this.#output = output;
    this.#deadlines = deadlines;
  }

  get now(): State {
    return this.#now;
  }

  /** Whether nothing that the client sends matters any more. */
  get hasEnded(): boolean {
    return this.#now === "lingering" || this.#now === "over";
  }

  /** The last stream that is taken, as far as is known. RFC 9113 §6.8: once it is named, never a higher one. */
  get last(): number {
    return Math.min(this.#named, this.#streams.last);
  }

  /**
   * Begins a graceful end: the client is told to open no more streams here, but those that are on their way are still
   * taken. When it has read that, the last one is named.
   */
  leave(): void {
    if (this.#now !== "open" || !this.#owner.hasBegun) return;
    this.#now = "leaving";
    this.#output.text(goaway(ANY_STREAM, NO_ERROR, "") + frameHead(8, PING, 0, 0) + DRAIN_PING);
    this.#deadlines.owe("farewell", DRAIN_WAIT);
    this.#owner.flush();
  }

  /** A PING of ours is back. */
  onPong(payload: string): void {
    if (payload === DRAIN_PING && this.#now === "leaving") this.nameLast();
  }

  /** No more streams are taken; when those that are open are over, the connection ends. */
  nameLast(): void {
    if (this.#now !== "open" && this.#now !== "leaving") return;
    this.#now = "closing";
    this.#deadlines.owe("farewell", Infinity);
    this.#named = this.#streams.last;
    this.#output.text(goaway(this.#named, NO_ERROR, ""));
    this.#owner.flush();
    if (!this.#owner.isReading) this.endIfDone();
  }

  /** The last stream may have been the last. */
  endIfDone(): void {
    if (this.#now === "closing" && this.#streams.size === 0) this.end();
  }

  /** Everything has been said. */
  end(): void {
    if (this.hasEnded) return;
    this.#now = "lingering";
    this.#owner.linger();
  }

  /** The connection is gone. */
  over(): void {
    this.#now = "over";
  }
}
