import type { Connection, ConnectionHandler } from "../../transport/connection.ts";
import type { Phase } from "../../transport/watchdog.ts";
import type { Peer } from "../channel.ts";
import type { HttpServer, HttpSession } from "../http-server.ts";
import { RequestScope } from "../request-scope.ts";
import type { Response } from "../response.ts";
import type { Upgrade } from "../upgrade.ts";
import { type DeadlineOwner, Deadlines } from "./deadlines.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeOwner } from "./exchange-owner.ts";
import { BODY_TIMEOUT, CONTENT_TOO_LARGE, CUT_SHORT, fault, faultResponse, type SyntaxFault } from "../fault.ts";
import { type HeadParser, NOT_HTTP, OTHER_VERSION } from "./head-parser.ts";
import { readHeadText } from "./head-text.ts";
import { isForeign } from "./is-foreign.ts";
import { LastSection } from "./last-section.ts";
import { Output } from "../output.ts";
import { type Lent, upgradeConnection } from "./upgrade-connection.ts";
import { writeResponse } from "./write-response.ts";

const HEAD_TIMEOUT = fault(408, "The header section did not arrive in time");
const FOREIGN = "The connection begins as neither HTTP/1 nor HTTP/2 does";

const NOTHING = Buffer.alloc(0);

/** Whom a refusal is written for: nobody knows what the client speaks, so it gets the plainest form. */
const ANYBODY = { isHead: false, understandsChunks: false, wantsTrailers: () => false, sent: 0 };
/** The same where the method was read. RFC 9110 §9.3.2: no content. */
const ASKED_FOR_HEAD = { ...ANYBODY, isHead: true };

/** What a session is doing; what its exchange is doing is the exchange's state. */
type State =
  /** Exchanges follow each other. */
  | "open"
  /** Has said close; reads on for a while, so that the client can read the answer. RFC 9112 §9.6. */
  | "lingering"
  /** The connection is being lent to an upgrade. */
  | "lent"
  /** The connection is gone. */
  | "over";

/**
 * The HTTP/1.1 conversation on one connection: one exchange after the other, answers in the order of their requests.
 *
 * open → lingering → over, or open → lent. The requests that wait behind the one at hand are octets that are not read.
 */
export class Session implements HttpSession, ConnectionHandler, DeadlineOwner, ExchangeOwner {
  readonly server: HttpServer;
  readonly output: Output;
  readonly #connection: Connection;
  readonly #exchange: Exchange;
  readonly #deadlines: Deadlines;
  readonly #opened: number;
  #state: State = "open";
  #lent: Lent | undefined;
  /** Whether `#advance` is on the stack: what is answered meanwhile leaves with its one write. */
  #advancing = false;
  /** Only while a head is incomplete; complete heads are read with the server's parser. */
  #parser: HeadParser | undefined;
  /** Octets that wait: an incomplete head, or requests behind the one being answered. */
  #held: Buffer | undefined;
  #exchanges = 0;
  #scope: RequestScope | undefined;
  #last: LastSection | undefined;
  readonly #maySwitch: boolean;
  #halfClosed = false;
  #paused = false;

  /** @param maySwitch whether the client may begin with the preface of HTTP/2 */
  constructor(server: HttpServer, connection: Connection, maySwitch: boolean) {
    this.server = server;
    this.#maySwitch = maySwitch;
    this.#connection = connection;
    this.output = new Output(connection);
    this.#deadlines = new Deadlines(server.watchdog, server.phases, this.output, this);
    this.#exchange = new Exchange(this);
    this.#opened = server.watchdog.now;
    connection.handler = this;
    this.#deadlines.enter(this.#idlePhase);
  }

  get peer(): Peer {
    return this.#connection;
  }

  get scope(): RequestScope {
    return (this.#scope ??= new RequestScope(this.#connection));
  }

  // ---- reading

  onData(octets: Buffer): void {
    if (this.#state === "lingering" || this.#state === "over") return;
    const held = this.#held;
    this.#held = undefined;
    this.#advance(held === undefined ? octets : Buffer.concat([held, octets]));
  }

  /** Reads as far as possible and sends what that gave with one write. */
  #advance(octets: Buffer): void {
    this.#advancing = true;
    const at = this.#readAll(octets);
    this.#advancing = false;
    if (at < octets.length && (this.#state === "open" || this.#state === "lent")) this.#hold(octets, at);
    this.output.flush();
    this.rephase();
    if (this.server.closing) this.closeWhenIdle();
  }

  #readAll(octets: Buffer): number {
    const exchange = this.#exchange;
    let at = 0;
    while (at < octets.length && this.#state === "open") {
      let after: number;
      if (exchange.isReceiving) after = exchange.read(octets, at);
      else if (exchange.state === "none" && !this.output.blocked) after = this.#readHead(octets, at);
      else return at;
      if (after === at) return at;
      at = after;
    }
    return at;
  }

  /** The octets are borrowed from the connection: what must wait is copied. */
  #hold(octets: Buffer, at: number): void {
    this.#held = Buffer.from(octets.subarray(at));
    // A head is bounded by its own limit; requests that wait are bounded here.
    if (this.#parser === undefined && this.#held.length >= this.server.limits.backlog) this.pause();
    else if (!this.#exchange.isReceiving) this.resume();
  }

  /** @returns the offset after the head, and after what has come of the content; `start` when it is not complete */
  #readHead(octets: Buffer, start: number): number {
    const parser = this.#parser ?? this.server.parser;
    const after = parser.parse(octets, start, octets.length, this.#last?.section);
    if (after === 0) {
      if (this.#parser === undefined) {
        this.#parser = this.server.lendParser();
        this.#deadlines.enter("head");
      }
      return start;
    }
    this.#parser = undefined;
    if (after === -1 && parser.fault === OTHER_VERSION && this.#switch(octets, start)) {
      parser.reset();
      return octets.length;
    }
    if (after === -1 && parser.fault === NOT_HTTP && this.#exchanges === 0 && isForeign(parser, octets, start)) {
      this.server.reportFault(FOREIGN, this.#connection);
      parser.reset();
      this.close();
      return octets.length;
    }
    const end = after === -1 ? this.#refuseHead(parser, octets, start) : this.#begin(parser, octets, start, after);
    parser.reset();
    return end;
  }

  /** The preface of HTTP/2 is the head of a request whose version is not spoken here: no other head costs anything. */
  #switch(octets: Buffer, start: number): boolean {
    if (!this.#maySwitch || this.#exchanges > 0) return false;
    if (!this.server.switchToHttp2(this, this.#connection, octets.subarray(start))) return false;
    this.#state = "over";
    this.#deadlines.stop();
    return true;
  }

  #begin(parser: HeadParser, octets: Buffer, start: number, after: number): number {
    const { minor, section } = parser;
    const framing = section?.framing ?? parser.framing;
    const text = readHeadText(parser, octets, start, after);
    const refused = framing.check(minor) ?? text.fault;
    if (refused !== undefined) return this.#refuseHead(parser, octets, start, refused);
    if (framing.length > this.server.limits.content) {
      return this.#refuseHead(parser, octets, start, CONTENT_TOO_LARGE);
    }
    // Connections that are kept for hours after one request are many: they remember nothing.
    if (++this.#exchanges > 1) (this.#last ??= new LastSection()).note(parser, octets, start, after, text.host);
    const exchange = this.#exchange;
    exchange.begin(text, framing, minor, after < octets.length);
    let end = after;
    if (exchange.isReceiving && after < octets.length) {
      end = exchange.read(octets, after);
      if (end === -1) return this.#refuse(exchange.fault!, octets.length);
    }
    exchange.ask(text);
    return end;
  }

  // ---- what the exchange asks for

  received(octets: number): void {
    this.#deadlines.received(octets);
  }

  mustClose(): boolean {
    const { server } = this;
    return (
      server.leaving ||
      this.#exchanges >= server.limits.requests ||
      server.watchdog.now - this.#opened > server.limits.lifetime ||
      (this.#halfClosed && !this.#advancing && this.#held === undefined)
    );
  }

  flush(): void {
    if (!this.#advancing) this.output.flush();
  }

  next(): void {
    this.#deadlines.enter(this.#idlePhase);
    if (this.#advancing) return;
    const held = this.#held;
    this.#held = undefined;
    this.#advance(held ?? NOTHING);
    if (this.#state === "open" && this.#exchange.state === "none") this.#awaitRequest();
  }

  /** All that had come is read: go on, or find that the client has said goodbye meanwhile. */
  #awaitRequest(): void {
    this.resume();
    if (!this.#halfClosed || this.output.blocked) return;
    if (this.#held === undefined) this.close();
    else this.#refuse(CUT_SHORT, 0);
  }

  lend(response: Response, take: Upgrade): void {
    this.#state = "lent";
    this.#deadlines.stop();
    const { server } = this;
    this.#lent = upgradeConnection(this.#connection, this.output, response, take, () => this.#held, {
      onError: server.onUpgradeError,
      // Until then the server knows of it, so that it can be ended with the server.
      onClose: () => server.forget(this),
    });
    if (server.leaving) this.#lent.drain();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#connection.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection.resume();
  }

  // ---- closing

  #refuseHead(parser: HeadParser, octets: Buffer, start: number, reason: SyntaxFault = parser.fault!): number {
    return this.#refuse(reason, octets.length, parser.isForHead(octets, start) ? ASKED_FOR_HEAD : ANYBODY);
  }

  /** Answers a fault and closes: after it, nobody can tell where the next request would start. */
  #refuse(reason: SyntaxFault, end: number, asker: typeof ANYBODY = ANYBODY): number {
    this.server.reportFault(reason.reason, this.#connection, reason.status);
    writeResponse(this.output, faultResponse(reason), asker, "connection: close\r\n");
    this.close();
    return end;
  }

  /** Sends what is left and FIN, and listens on for a moment: unread octets would turn the FIN into a reset. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "lingering";
    this.#held = undefined;
    this.output.flush();
    this.resume();
    this.#connection.end();
    this.#deadlines.enter("linger");
  }

  /** The server stops, or another one stands in for it. RFC 9112 §9.6: the next answer says so; an upgrade is told. */
  drain(): void {
    this.#lent?.drain();
  }

  /** Closes at once when no exchange is under way; otherwise the answer at hand says so. For a graceful stop. */
  closeWhenIdle(): void {
    if (this.#exchange.state === "none" && this.#held === undefined) this.close();
  }

  /** Ends at once. */
  abort(): void {
    this.#connection.destroy();
  }

  // ---- the connection's other news

  onEnd(): void {
    this.#halfClosed = true;
    if (this.#state === "lingering") return this.#connection.destroy();
    if (this.#exchange.isReceiving) this.#exchange.cut(CUT_SHORT);
    else if (this.#exchange.state !== "none") this.rephase();
    else if (this.#state === "open" && this.#exchange.state === "none") this.#awaitRequest();
  }

  onDrain(): void {
    this.output.blocked = false;
    this.rephase();
    if (this.#exchange.state === "none" && this.#state === "open") this.next();
    else this.#exchange.onDrain();
  }

  onClose(): void {
    this.#state = "over";
    this.#held = undefined;
    this.#deadlines.stop();
    this.server.forget(this);
    this.#exchange.abort();
  }

  // ---- deadlines

  /** Whose turn it is decides which deadline holds. */
  rephase(): void {
    if (this.#state !== "open") return;
    const blocked = this.output.blocked;
    let phase: Phase;
    if (this.#exchange.state !== "none") phase = this.#exchange.phase(blocked, this.#paused, this.#halfClosed);
    else if (blocked) phase = "write";
    else phase = this.#parser === undefined ? this.#idlePhase : "head";
    if (phase !== this.#deadlines.phase) this.#deadlines.enter(phase);
  }

  get #idlePhase(): Phase {
    return this.server.isCrowded ? "crowdedIdle" : "idle";
  }

  onDeadline(phase: Phase): void {
    switch (phase) {
      case "head":
        this.#refuse(HEAD_TIMEOUT, 0);
        return;
      case "body":
        this.#exchange.cut(BODY_TIMEOUT);
        return;
      case "handler":
        return this.#exchange.giveUp();
      case "halfClosed":
        this.#exchange.doubt();
        return this.rephase();
      case "linger":
        // A slow client may still be taking its answer.
        if (this.#connection.unsent > 0) return this.#deadlines.enter("write");
        return this.abort();
      case "write":
        return this.abort();
      default:
        return this.close();
    }
  }
}
