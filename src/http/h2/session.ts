import type { Connection, ConnectionHandler } from "../../transport/connection.ts";
import type { Phase } from "../../transport/watchdog.ts";
import type { Channel, Peer, Protocol } from "../channel.ts";
import type { Headers } from "../headers.ts";
import type { HttpServer, HttpSession } from "../http-server.ts";
import type { Request } from "../request.ts";
import { RequestScope } from "../request-scope.ts";
import { type DeadlineOwner, Deadlines, type Owed } from "./deadlines.ts";
import { connectionFault, ENHANCE_YOUR_CALM, type Fault, PROTOCOL_ERROR, SETTINGS_TIMEOUT } from "./errors.ts";
import { DEFAULT_WINDOW } from "./flow.ts";
import { ACK, frameHead, goaway, PING, rstStream, SETTINGS, windowUpdate } from "./frame.ts";
import { FrameInput, type FrameInputOwner } from "./frame-input.ts";
import { Receiver, type ReceiverOwner } from "./receiver.ts";
import { ResponseSections } from "./response-section.ts";
import { Sender } from "./sender.ts";
import { SessionState, type StateOwner } from "./session-state.ts";
import { CONNECTION_WINDOW, ourSettings, type PeerSettings, STREAM_LIMIT } from "./settings.ts";
import type { Stream } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

const SLOW_FRAME = connectionFault(PROTOCOL_ERROR, "A frame did not arrive in time");
const NO_ACK = connectionFault(SETTINGS_TIMEOUT, "SETTINGS were not acknowledged in time");
const STALLED = connectionFault(ENHANCE_YOUR_CALM, "The connection's window was not opened in time");

/**
 * The HTTP/2 conversation on one connection. RFC 9113.
 *
 * It holds the connection's life: reading and writing, faults, deadlines. What frames do to streams is the
 * {@link Receiver}'s, what streams send the {@link Sender}'s, how it comes to an end the {@link SessionState}'s.
 */
export class Session
  implements HttpSession, ConnectionHandler, ReceiverOwner, FrameInputOwner, StateOwner, Channel, DeadlineOwner
{
  readonly server: HttpServer;
  readonly sender: Sender;
  readonly sections: ResponseSections = new ResponseSections();
  readonly protocol: Protocol = "h2";
  readonly #connection: Connection;
  readonly #streams = new StreamTable();
  readonly #receiver: Receiver;
  readonly #input: FrameInput;
  readonly #deadlines: Deadlines;
  readonly #state: SessionState;
  readonly #opened: number;
  /** Whether frames are being read: what they give leaves with one write at the end. */
  isReading = false;
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
    this.#input = new FrameInput(this, this.#receiver);
    this.#deadlines = new Deadlines(server.watchdog, server.phases, this);
    this.#state = new SessionState(this, this.#streams, this.sender.output, this.#deadlines);
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
    return (this.#scope ??= new RequestScope(this.#connection));
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

  get hasBegun(): boolean {
    return this.#input.hasBegun;
  }

  get hasEnded(): boolean {
    return this.#state.hasEnded;
  }

  onData(octets: Buffer): void {
    if (this.#state.hasEnded) return;
    const { block } = this.#input;
    this.isReading = true;
    const hasCome = this.#input.read(octets);
    this.isReading = false;
    if (this.#state.hasEnded) return;
    if (hasCome) this.#renew(block);
    this.#settle();
  }

  /** A frame has come whole: the one behind it has its own time, while all frames of a field block share one. */
  #renew(block: number): void {
    const input = this.#input;
    const isSameBlock = input.block !== 0 && input.block === block;
    if (this.#deadlines.phase === "head" && input.hasBegun && !isSameBlock) this.#deadlines.enter("head");
  }

  /** Sends what the frames gave, and finds what to wait for next. */
  #settle(): void {
    this.#asking = undefined;
    this.sender.pump();
    if (this.sender.isBehind) this.#pause();
    this.#rephase();
    this.#state.endIfDone();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#connection.pause();
  }

  // ---- faults

  /** The one place where a fault of the client has its effect. RFC 9113 §5.4. */
  onFault(found: Fault, id: number): void {
    this.server.reportFault(found.reason, this.#connection);
    // RFC 9113 §6.4: a stream that nobody has opened cannot be reset.
    if (found.scope === "connection" || this.#streams.isIdle(id)) return this.#lose(found);
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.reset(stream, found.code);
    else this.#sendReset(id, found.code);
  }

  /** RFC 9113 §5.4.1: says why, and closes. */
  #lose(found: Fault): void {
    if (this.#state.hasEnded) return;
    this.sender.output.text(goaway(this.#state.last, found.code, found.reason));
    for (const stream of this.#streams) stream.abort();
    this.#state.end();
  }

  /** RFC 9113 §5.4.2. */
  reset(stream: Stream, code: number): void {
    // First, since the end of the last stream may be that of the connection.
    this.#sendReset(stream.id, code);
    stream.abort();
    this.flush();
  }

  #sendReset(id: number, code: number): void {
    if (this.#state.hasEnded) return;
    this.#streams.markReset(id);
    this.sender.output.text(rstStream(id, code));
    const calm = this.#receiver.countReset();
    if (calm !== undefined) this.onFault(calm, 0);
  }

  // ---- what streams and receiver ask for

  get isClosing(): boolean {
    return this.#state.now === "closing";
  }

  get hasRoom(): boolean {
    return this.#receiver.hasRoom;
  }

  release(octets: number): void {
    this.#receiver.release(octets);
  }

  widen(stream: number, octets: number): void {
    if (this.#state.hasEnded) return;
    this.sender.output.text(windowUpdate(stream, octets));
    this.flush();
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream.id);
    if (this.isReading || this.#streams.size > 0) return;
    this.#rephase();
    this.#state.endIfDone();
  }

  orphaned(count: 1 | -1): void {
    this.#streams.orphans += count;
  }

  flush(): void {
    if (!this.isReading) this.sender.pumpSoon();
  }

  watch(deadline: number): void {
    this.#deadlines.soonest(deadline);
  }

  onRequest(stream: Stream): void {
    this.#asking = stream;
    this.#requests++;
    const { server } = this;
    this.#deadlines.stir();
    if (this.#state.now !== "open") return;
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
    else this.#state.onPong(payload);
  }

  /** RFC 9113 §6.8: what is open goes on. */
  onGoaway(): void {
    this.#state.nameLast();
  }

  // ---- closing

  /** The server stops, or the session has lasted long enough: upgrades are told, and the client. */
  drain(): void {
    for (const stream of this.#streams) stream.drain();
    this.#state.leave();
  }

  closeWhenIdle(): void {
    this.drain();
    if (this.#state.now === "open") this.#state.nameLast();
  }

  /** Unread octets would turn the FIN into a reset. */
  linger(): void {
    this.#input.drop();
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
    if (this.#state.now === "lingering") return this.#connection.destroy();
    // A client that sends no more cannot open windows; what it was promised is still sent.
    this.#state.nameLast();
    for (const stream of this.#streams) stream.onEnd();
    if (!this.#state.hasEnded) this.#deadlines.owe("farewell", this.server.phases.halfClosed);
  }

  onDrain(): void {
    this.sender.output.blocked = false;
    if (this.#state.hasEnded) return;
    if (this.#paused) {
      this.#paused = false;
      this.#connection.resume();
    }
    this.#settle();
  }

  onClose(): void {
    this.#state.over();
    this.#input.drop();
    this.#deadlines.stop();
    for (const stream of this.#streams) stream.abort();
    this.server.forget(this);
  }

  // ---- deadlines

  get moved(): number {
    return this.sender.progress(this.#state.hasEnded);
  }

  /** What the connection as a whole waits for. */
  #rephase(): void {
    if (this.#state.hasEnded) return;
    const phase = this.#phaseNow();
    if (phase !== this.#deadlines.phase) this.#deadlines.enter(phase);
  }

  #phaseNow(): Phase {
    if (this.sender.output.blocked || this.sender.isStalled) return "write";
    if (this.#input.isIncomplete) return "head";
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
      if (this.#state.now === "open") this.onFault(NO_ACK, 0);
    } else if (this.#state.now === "leaving") this.#state.nameLast();
    // It has said that it will send no more, and is taken for gone: whatever the handlers still give is sent.
    else for (const stream of this.#streams) stream.doubt();
  }

  onDeadline(phase: Phase): void {
    switch (phase) {
      case "head":
        return this.onFault(SLOW_FRAME, 0);
      case "write":
        if (this.#state.hasEnded || this.sender.output.blocked) return this.abort();
        return this.onFault(STALLED, 0);
      case "linger":
        // A slow client may still be taking what was said.
        if (this.#connection.unsent > 0) return this.#deadlines.enter("write");
        return this.abort();
      default:
        if (this.#state.now === "leaving") return this.#state.nameLast();
        return this.drain();
    }
  }
}
