import type { Connection, ConnectionHandler } from "../../transport/connection.ts";
import type { Phase } from "../../transport/watchdog.ts";
import type { Channel, Peer, Protocol } from "../channel.ts";
import type { Headers } from "../headers.ts";
import type { HttpServer, HttpSession } from "../http-server.ts";
import type { Request } from "../request.ts";
import { RequestScope } from "../request-scope.ts";
import { type DeadlineOwner, Deadlines, type Owed } from "./deadlines.ts";
import {
  connectionFault,
  ENHANCE_YOUR_CALM,
  type Fault,
  NO_ERROR,
  PROTOCOL_ERROR,
  SETTINGS_TIMEOUT,
} from "./errors.ts";
import { DEFAULT_WINDOW } from "./flow.ts";
import { ACK, frameHead, goaway, PING, PREFACE, rstStream, SETTINGS, windowUpdate } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import { Receiver, type ReceiverOwner } from "./receiver.ts";
import { ResponseSections } from "./response-section.ts";
import { Sender } from "./sender.ts";
import { CONNECTION_WINDOW, ourSettings, type PeerSettings, STREAM_LIMIT } from "./settings.ts";
import type { Stream } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

const NO_PREFACE = connectionFault(PROTOCOL_ERROR, "The connection does not begin as HTTP/2 does");
const SLOW_FRAME = connectionFault(PROTOCOL_ERROR, "A frame did not arrive in time");
const NO_ACK = connectionFault(SETTINGS_TIMEOUT, "SETTINGS were not acknowledged in time");
const STALLED = connectionFault(ENHANCE_YOUR_CALM, "The connection's window was not opened in time");

/** Octets on their way to a client that does not read, above which nothing more is read from it. */
const BACKLOG: number = 256 * 1024;

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

/**
 * The HTTP/2 conversation on one connection. RFC 9113.
 *
 * It holds the connection's life: preface, reading and writing, deadlines, the end. What frames do to streams is the
 * {@link Receiver}'s, what streams send the {@link Sender}'s.
 */
export class Session implements HttpSession, ConnectionHandler, ReceiverOwner, Channel, DeadlineOwner {
  readonly server: HttpServer;
  readonly sender: Sender;
  readonly sections: ResponseSections = new ResponseSections();
  readonly protocol: Protocol = "h2";
  readonly #connection: Connection;
  readonly #streams = new StreamTable();
  readonly #receiver: Receiver;
  readonly #reader: FrameReader;
  readonly #deadlines: Deadlines;
  readonly #opened: number;
  #state: State = "open";
  /** Whether frames are being read: what they give leaves with one write at the end. */
  #advancing = false;
  /** Octets of the preface that have come. */
  #prefaced = 0;
  /** An incomplete frame. */
  #held: Buffer | undefined;
  readonly #fault: { found: Fault | undefined } = { found: undefined };
  #requests = 0;
  #acknowledged = false;
  /** Whether the client's first SETTINGS have come. */
  #isGreeted = false;
  #paused = false;
  /** The stream whose handler is being asked: it does not stand in the table yet. */
  #asking: Stream | undefined;

  constructor(server: HttpServer, connection: Connection) {
    this.server = server;
    this.#connection = connection;
    this.sender = new Sender(connection, this.sections, () => this.#rephase());
    this.#receiver = new Receiver(this, this.#streams);
    this.#reader = new FrameReader(this.#receiver);
    this.#deadlines = new Deadlines(server.watchdog, server.phases, this);
    this.#opened = server.watchdog.now;
    connection.handler = this;
    this.#deadlines.enter("head");
    // RFC 9113 §3.4: SETTINGS first; §6.9.2: the connection's window is not among them.
    this.sender.output.text(ourSettings(server.limits.head) + windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW));
    this.flush();
  }

  // ---- what the requests see of their session

  get peer(): Peer {
    return this.#connection;
  }

  get channel(): Channel {
    return this;
  }

  /** Made when it is needed: a connection may come to its end without a request. */
  get scope(): RequestScope {
    return (this.#scope ??= new RequestScope());
  }
  #scope: RequestScope | undefined;

  get bufferedLimit(): number {
    return this.server.limits.buffered;
  }

  inform(request: Request, status: number, headers: Headers): void {
    if (this.#asking?.isOf(request) === true) return this.#asking.inform(status, headers);
    for (const stream of this.#streams) if (stream.isOf(request)) return stream.inform(status, headers);
  }

  // ---- reading

  get isSecure(): boolean {
    return this.#connection.secure;
  }

  onData(octets: Buffer): void {
    if (this.#state === "lingering" || this.#state === "over") return;
    const held = this.#held;
    this.#held = undefined;
    const all = held === undefined ? octets : Buffer.concat([held, octets]);
    const { block } = this.#reader;
    this.#advancing = true;
    const at = this.#readAll(all);
    this.#advancing = false;
    if (this.#ended) return;
    if (at < all.length) this.#held = Buffer.from(all.subarray(at));
    if (at > 0) this.#renew(block);
    this.#settle();
  }

  /** A frame has come whole: the one behind it has its own time, while all frames of a field block share one. */
  #renew(block: number): void {
    const { phase } = this.#deadlines;
    const isSameBlock = this.#reader.block !== 0 && this.#reader.block === block;
    if (phase === "head" && this.#reader.hasBegun && !isSameBlock) this.#deadlines.enter("head");
  }

  /** Reads every frame that is there. @returns the offset of the first that is not */
  #readAll(octets: Buffer): number {
    let at = this.#prefaced < PREFACE.length ? this.#readPreface(octets) : 0;
    const reader = this.#reader;
    const fault = this.#fault;
    while (at < octets.length && this.#prefaced === PREFACE.length) {
      const next = reader.next(octets, at, fault);
      if (fault.found !== undefined) {
        const { found } = fault;
        fault.found = undefined;
        this.#apply(found, reader.stream);
      }
      if (next === at || this.#ended) return next;
      at = next;
    }
    return at;
  }

  /** RFC 9113 §3.4. */
  #readPreface(octets: Buffer): number {
    let at = 0;
    for (; at < octets.length && this.#prefaced < PREFACE.length; at++) {
      if (octets[at] !== PREFACE.charCodeAt(this.#prefaced)) {
        this.#apply(NO_PREFACE, 0);
        return octets.length;
      }
      this.#prefaced++;
    }
    return at;
  }

  get #ended(): boolean {
    return this.#state === "lingering" || this.#state === "over";
  }

  /** Sends what the frames gave, and finds what to wait for next. */
  #settle(): void {
    this.#asking = undefined;
    this.sender.pump();
    if (this.sender.output.blocked && this.#connection.unsent > BACKLOG) this.#pause();
    this.#rephase();
    if (this.#state === "closing") this.#closeIfDone();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#connection.pause();
  }

  // ---- faults

  /** The one place where a fault of the client has its effect. RFC 9113 §5.4. */
  #apply(found: Fault, id: number): void {
    this.server.reportFault(found.reason, this.#connection);
    if (found.scope === "connection") return this.#lose(found);
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.reset(stream, found.code);
    else this.#sendReset(id, found.code);
  }

  /** RFC 9113 §5.4.1: says why, and closes. */
  #lose(found: Fault): void {
    if (this.#ended) return;
    this.sender.output.text(goaway(this.#streams.last, found.code, found.reason));
    for (const stream of this.#streams) stream.abort();
    this.#end();
  }

  /** RFC 9113 §5.4.2. */
  reset(stream: Stream, code: number): void {
    stream.abort();
    this.#sendReset(stream.id, code);
    this.flush();
  }

  #sendReset(id: number, code: number): void {
    if (this.#ended) return;
    this.#streams.markReset(id);
    this.sender.output.text(rstStream(id, code));
    const calm = this.#receiver.countReset();
    if (calm !== undefined) this.#apply(calm, 0);
  }

  // ---- what streams and receiver ask for

  get isClosing(): boolean {
    return this.#state === "closing";
  }

  release(octets: number): void {
    this.#receiver.release(octets);
  }

  widen(stream: number, octets: number): void {
    if (this.#ended) return;
    this.sender.output.text(windowUpdate(stream, octets));
    this.flush();
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream.id);
    if (this.#advancing || this.#streams.size > 0) return;
    this.#rephase();
    if (this.#state === "closing") this.#closeIfDone();
  }

  orphaned(count: 1 | -1): void {
    this.#streams.orphans += count;
  }

  flush(): void {
    if (!this.#advancing) this.sender.pumpSoon();
  }

  watch(deadline: number): void {
    this.#deadlines.soonest(deadline);
  }

  onRequest(stream: Stream): void {
    this.#asking = stream;
    this.#requests++;
    const { server } = this;
    if (this.#state !== "open") return;
    const isOld = server.watchdog.now - this.#opened > server.limits.lifetime;
    if (server.leaving || isOld || this.#requests >= server.limits.requests * STREAM_LIMIT) this.drain();
  }

  onPeerSettings(settings: PeerSettings): void {
    this.sections.resize(settings.smallestTable);
    this.sections.resize(settings.headerTableSize);
    // RFC 9113 §6.5.3: who has sent its SETTINGS has had ours for as long, and acknowledges them.
    if (!this.#acknowledged && !this.#isGreeted) this.#deadlines.owe("settings", this.server.phases.head);
    this.#isGreeted = true;
    this.sender.output.text(frameHead(0, SETTINGS, ACK, 0));
    if (this.server.leaving) this.drain();
  }

  onSettingsAcknowledged(): void {
    this.#acknowledged = true;
    this.#deadlines.owe("settings", Infinity);
  }

  onPing(payload: string, isAck: boolean): void {
    if (!isAck) this.sender.output.text(frameHead(8, PING, ACK, 0) + payload);
    else if (payload === DRAIN_PING && this.#state === "leaving") this.#nameLast();
  }

  /** RFC 9113 §6.8: what is open goes on. */
  onGoaway(): void {
    this.#nameLast();
  }

  // ---- closing

  /**
   * Begins a graceful end: the client is told to open no more streams here, but those that are on their way are still
   * taken. When it has read that, the last one is named. RFC 9113 §6.8.
   */
  drain(): void {
    for (const stream of this.#streams) stream.drain();
    if (this.#state !== "open") return;
    // What is told before SETTINGS have come is told too early.
    if (!this.#reader.hasBegun) return;
    this.#state = "leaving";
    this.sender.output.text(goaway(ANY_STREAM, NO_ERROR, "") + frameHead(8, PING, 0, 0) + DRAIN_PING);
    this.#deadlines.owe("farewell", DRAIN_WAIT);
    this.flush();
  }

  #nameLast(): void {
    if (this.#state !== "open" && this.#state !== "leaving") return;
    this.#state = "closing";
    this.#deadlines.owe("farewell", Infinity);
    this.sender.output.text(goaway(this.#streams.last, NO_ERROR, ""));
    this.flush();
    if (!this.#advancing) this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#streams.size === 0) this.#end();
  }

  closeWhenIdle(): void {
    this.drain();
    if (this.#state === "open") this.#nameLast();
  }

  /** Sends what is left and FIN, and listens on for a moment: unread octets would turn the FIN into a reset. */
  #end(): void {
    if (this.#ended) return;
    this.#state = "lingering";
    this.#held = undefined;
    this.sender.output.flush();
    if (this.#paused) this.#connection.resume();
    this.#connection.end();
    this.#deadlines.enter("linger");
  }

  abort(): void {
    this.#connection.destroy();
  }

  // ---- the connection's other news

  onEnd(): void {
    if (this.#state === "lingering") return this.#connection.destroy();
    // A client that sends no more cannot open windows; what it was promised is still sent.
    this.#nameLast();
    if (!this.#ended) this.#deadlines.owe("farewell", this.server.phases.halfClosed);
  }

  onDrain(): void {
    this.sender.output.blocked = false;
    if (this.#ended) return;
    if (this.#paused) {
      this.#paused = false;
      this.#connection.resume();
    }
    this.#settle();
  }

  onClose(): void {
    this.#state = "over";
    this.#held = undefined;
    this.#deadlines.stop();
    for (const stream of this.#streams) stream.abort();
    this.server.forget(this);
  }

  // ---- deadlines

  /**
   * Two counts, each of which only grows: what the system takes where that holds us up, what the windows let through
   * where they do. Their steps are added up, since which of them holds us up changes.
   */
  get moved(): number {
    const { output, sent } = this.sender;
    const { taken } = output;
    this.#moved += output.blocked || this.#ended ? taken - this.#takenSeen : sent - this.#sentSeen;
    this.#takenSeen = taken;
    this.#sentSeen = sent;
    return this.#moved;
  }
  #moved = 0;
  #takenSeen = 0;
  #sentSeen = 0;

  /** What the connection as a whole waits for. */
  #rephase(): void {
    if (this.#ended) return;
    const phase = this.#phaseNow();
    if (phase !== this.#deadlines.phase) this.#deadlines.enter(phase);
  }

  #phaseNow(): Phase {
    const isIncomplete = this.#held !== undefined || this.#reader.block !== 0 || !this.#reader.hasBegun;
    if (this.sender.output.blocked || this.sender.isStalled) return "write";
    if (isIncomplete) return "head";
    if (this.#streams.size > 0) return "none";
    return this.server.isCrowded ? "crowdedIdle" : "idle";
  }

  onStreamDeadlines(now: number): number {
    let next = Infinity;
    for (const stream of this.#streams) {
      if (stream.deadline <= now) stream.onDeadline();
      if (stream.deadline < next) next = stream.deadline;
    }
    return next;
  }

  onOwed(what: Owed): void {
    if (what === "settings") {
      if (this.#state === "open") this.#apply(NO_ACK, 0);
    } else if (this.#state === "leaving") this.#nameLast();
    // It has said that it will send no more, and is taken for gone: whatever the handlers still give is sent.
    else for (const stream of this.#streams) stream.doubt();
  }

  onDeadline(phase: Phase): void {
    switch (phase) {
      case "head":
        return this.#apply(SLOW_FRAME, 0);
      case "write":
        if (this.#ended || this.sender.output.blocked) return this.abort();
        return this.#apply(STALLED, 0);
      case "linger":
        // A slow client may still be taking what was said.
        if (this.#connection.unsent > 0) return this.#deadlines.enter("write");
        return this.abort();
      default:
        if (this.#state === "leaving") return this.#nameLast();
        return this.drain();
    }
  }
}
