import { isPromise, type MaybePromise } from "../../base/maybe-promise.ts";
import type { Connection, ConnectionHandler } from "../../transport/connection.ts";
import type { Phase } from "../../transport/watchdog.ts";
import { Body, type BodySource } from "../body.ts";
import type { Channel, Peer, Protocol } from "../channel.ts";
import { releaseContent } from "../content.ts";
import { Headers } from "../headers.ts";
import { HttpError } from "../http-error.ts";
import type { HttpServer } from "../http-server.ts";
import { Request } from "../request.ts";
import { Response } from "../response.ts";
import { upgradeConnection } from "./upgrade-connection.ts";
import { ContentReader } from "./content-reader.ts";
import { type DeadlineOwner, Deadlines } from "./deadlines.ts";
import { encodeInterim, type Persistence } from "./encoder.ts";
import { fault, faultResponse, type SyntaxFault } from "./fault.ts";
import { HeadParser } from "./head-parser.ts";
import { Output } from "./output.ts";
import { type HeadText, readHeadText } from "./head-text.ts";
import type { StreamWriter } from "./stream-writer.ts";
import { endsWithClose, type Recipient, writeResponse } from "./write-response.ts";

const TOO_LARGE = fault(413, "The content is too large");
const CUT_SHORT = fault(400, "The client stopped in the middle of a request");
const HEAD_TIMEOUT = fault(408, "The header section did not arrive in time");
const BODY_TIMEOUT = fault(408, "The content did not arrive in time");
const HANDLER_TIMEOUT = fault(503, "The answer took too long");

/** What a session is doing. */
type State =
  /** Waiting for a head, or in the middle of one. */
  | "reading"
  /** A handler is at work. */
  | "answering"
  /** A streamed response is being written. */
  | "sending"
  /** The response is complete, the content of its request is not. */
  | "draining"
  /** Has said close; reads on for a while, so that the client can read the answer. RFC 9112 §9.6. */
  | "lingering"
  /** The connection is being lent to an upgrade. */
  | "lent"
  /** The connection is gone. */
  | "over";

/**
 * The HTTP/1.1 conversation on one connection: one exchange after the other, answers in the order of their requests.
 *
 * reading → answering → (sending) → (draining) → reading … → lingering → over; `docs/architecture.md` draws it.
 */
export class Session implements ConnectionHandler, Channel, BodySource, DeadlineOwner, Recipient {
  readonly #server: HttpServer;
  readonly #connection: Connection;
  readonly #output: Output;
  readonly #deadlines: Deadlines;
  readonly #opened: number;
  #state: State = "reading";
  /** Whether `#advance` is on the stack: what is answered meanwhile leaves with its one write. */
  #advancing = false;
  /** Only while a head is incomplete; complete heads are read with the server's parser. */
  #parser: HeadParser | undefined;
  /** Octets that wait: an incomplete head, or requests behind the one being answered. */
  #held: Buffer | undefined;
  #exchanges = 0;
  #halfClosed = false;
  #paused = false;

  // The exchange at hand.
  #request: Request | undefined;
  #content: ContentReader | undefined;
  #body: Body | undefined;
  #writer: StreamWriter | undefined;
  #closing = false;
  #owesContinue = false;
  #wantsUpgrade = false;
  isHead = false;
  understandsChunks = true;

  constructor(server: HttpServer, connection: Connection) {
    this.#server = server;
    this.#connection = connection;
    this.#output = new Output(connection);
    this.#deadlines = new Deadlines(server.watchdog, server.phases, this.#output, this);
    this.#opened = server.watchdog.now;
    connection.handler = this;
    this.#deadlines.enter("idle");
  }

  // ---- the session as the channel of its requests

  get peer(): Peer {
    return this.#connection;
  }

  get protocol(): Protocol {
    return this.understandsChunks ? "http/1.1" : "http/1.0";
  }

  get bufferedLimit(): number {
    return this.#server.limits.buffered;
  }

  /** RFC 9110 §15.2: no interim response to a client of HTTP/1.0. */
  inform(request: Request, status: number, headers: Headers): void {
    if (request !== this.#request || this.#state !== "answering" || !this.understandsChunks) return;
    this.#output.text(encodeInterim(status, Headers.lines(headers)));
    if (!this.#advancing) this.#output.flush();
  }

  wantsTrailers(): boolean {
    const value = this.#request?.headers.get("te") ?? "";
    return value.split(",").some((coding) => /^[ \t]*trailers[ \t]*$/i.test(coding));
  }

  // ---- octets in

  onData(octets: Buffer): void {
    if (this.#state === "lingering" || this.#state === "over") return;
    // With a request at work, octets only wait or belong to its content.
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) this.#advance(octets);
    else this.#advance(Buffer.concat([held, octets]));
  }

  /** Reads as far as possible and sends what that gave with one write. */
  #advance(octets: Buffer): void {
    this.#advancing = true;
    const at = this.#readAll(octets);
    this.#advancing = false;
    if (at < octets.length && this.#state !== "lingering" && this.#state !== "over") this.#hold(octets, at);
    this.#output.flush();
    this.#rephase();
  }

  #readAll(octets: Buffer): number {
    let at = 0;
    for (;;) {
      if (this.#content !== undefined) {
        at = this.#readContent(this.#content, octets, at);
        if (this.#content !== undefined) return at;
      }
      if (this.#state !== "reading" || at >= octets.length || this.#output.blocked) return at;
      const after = this.#readHead(octets, at);
      if (after === at) return at;
      at = after;
    }
  }

  /** The octets are borrowed from the connection: what must wait is copied. */
  #hold(octets: Buffer, at: number): void {
    this.#held = Buffer.from(octets.subarray(at));
    // A head is bounded by its own limit; requests that wait are bounded here.
    if (this.#state !== "reading" && this.#held.length >= this.#server.limits.backlog) this.#pause();
    else if (this.#content === undefined) this.#resume();
  }

  /** @returns the offset after the head, or `start` when it is not complete */
  #readHead(octets: Buffer, start: number): number {
    const parser = this.#parser ?? this.#server.parser;
    const after = parser.parse(octets, start, octets.length);
    if (after > 0) {
      const end = this.#begin(parser, octets, start, after);
      parser.reset();
      this.#parser = undefined;
      return end;
    }
    if (after === -1) {
      this.#refuse(parser.fault!);
      parser.reset();
      return octets.length;
    }
    if (this.#parser === undefined) {
      this.#parser = this.#server.lendParser();
      this.#deadlines.enter("head");
    }
    return start;
  }

  /** A head is complete: makes the request and has it answered. @returns the offset after what belongs to it */
  #begin(parser: HeadParser, octets: Buffer, start: number, after: number): number {
    const { framing, minor } = parser;
    this.understandsChunks = minor === 1;
    const text = readHeadText(parser, octets, start, after);
    const refused = framing.check(minor) ?? text.fault;
    if (refused !== undefined) return this.#refuseAt(refused, octets.length);
    if (framing.length > this.#server.limits.content) return this.#refuseAt(TOO_LARGE, octets.length);
    this.#exchanges++;
    this.isHead = text.method === "HEAD";
    this.#wantsUpgrade = framing.upgrade && framing.offersUpgrade && minor === 1;
    this.#closing = minor === 1 ? framing.close : framing.close || !framing.keepAlive;
    if (!framing.chunked && framing.length <= 0) {
      this.#content = undefined;
      this.#body = undefined;
      this.#ask(text);
      return after;
    }
    const length = framing.chunked ? -1 : framing.length;
    this.#body = new Body(this, length);
    this.#content = new ContentReader(this.#body, length, this.#server.limits);
    // RFC 9110 §10.1.1: no need for 100 when content has come already.
    this.#owesContinue = framing.expectsContinue && after === octets.length;
    const end = this.#readContent(this.#content, octets, after);
    if (this.#state === "reading") this.#ask(text);
    return end;
  }

  #readContent(content: ContentReader, octets: Buffer, start: number): number {
    const before = content.received;
    const at = start < octets.length ? content.read(octets, start, octets.length) : start;
    if (at === -1) return this.#refuseContent(content.fault!, octets.length);
    this.#deadlines.received(content.received - before);
    if (content.complete) this.#contentComplete();
    else if (this.#state === "draining" && content.received > this.#server.limits.drain) this.#close();
    else if (content.full) {
      content.full = false;
      this.#pause();
      this.#rephase();
    }
    return at;
  }

  #contentComplete(): void {
    this.#content = undefined;
    if (this.#state === "draining") this.#next();
    else this.#rephase();
  }

  // ---- the exchange

  #ask(text: HeadText): void {
    const request = Request.make(
      this,
      text.method,
      text.target,
      text.path,
      text.search,
      text.authority,
      text.fields,
      this.#body ?? null,
    );
    this.#request = request;
    this.#state = "answering";
    let response: MaybePromise<Response>;
    try {
      response = text.badPath ? faultResponse(text.badPath) : this.#server.answer(request);
    } catch (error) {
      response = this.#server.lastResort(error, request);
    }
    if (!isPromise(response)) {
      this.#respond(request, response);
      return;
    }
    this.#rephase();
    response.then(
      (later) => this.#respond(request, later),
      (error: unknown) => this.#respond(request, this.#server.lastResort(error, request)),
    );
  }

  #respond(request: Request, response: Response): void {
    if (request !== this.#request || this.#state !== "answering") {
      // It timed out or its client has gone.
      releaseContent(Response.parts.content(response));
      return;
    }
    if (Response.parts.upgrade(response) !== undefined) return this.#switch(request, response);
    this.#decideClosing(request, response);
    try {
      this.#writer = writeResponse(this.#output, response, this, this.#persistence());
    } catch (error) {
      const instead = this.#server.lastResort(error, request);
      this.#writer = writeResponse(this.#output, instead, this, this.#persistence());
    }
    if (this.#writer === undefined) this.#complete();
    else this.#send(this.#writer, request);
  }

  /** RFC 9112 §9.6: who will close says so in the last response. */
  #decideClosing(request: Request, response: Response): void {
    if (this.#closing) return;
    const { limits } = this.#server;
    const content = this.#content;
    this.#closing =
      this.#server.closing ||
      this.#exchanges >= limits.requests ||
      this.#server.watchdog.now - this.#opened > limits.lifetime ||
      (this.#halfClosed && !this.#advancing && this.#held === undefined) ||
      saysClose(response) ||
      endsWithClose(response, this) ||
      // Content that nobody reads is drained only up to a limit, and not at all when the client waits for 100.
      (content !== undefined && !request.bodyUsed && (this.#owesContinue || content.remaining > limits.drain));
  }

  #persistence(): Persistence {
    if (this.#closing) return "connection: close\r\n";
    return this.understandsChunks ? "" : "connection: keep-alive\r\n";
  }

  #send(writer: StreamWriter, request: Request): void {
    this.#state = "sending";
    this.#rephase();
    writer.run().then(
      (finished) => {
        if (finished && this.#writer === writer) this.#complete();
      },
      (error: unknown) => {
        // The head is gone: only a broken connection tells the client that the content is not whole.
        this.#server.report(error, request);
        this.#connection.destroy();
      },
    );
  }

  /** The response has been handed over whole. */
  #complete(): void {
    const request = this.#request!;
    this.#request = undefined;
    this.#writer = undefined;
    this.#owesContinue = false;
    Request.end(request, (error) => this.#server.report(error, request));
    if (this.#content === undefined) {
      if (this.#body !== undefined) this.#forgetBody();
      this.#next();
      return;
    }
    this.#forgetBody();
    if (this.#closing || this.#halfClosed || this.#content.remaining > this.#server.limits.drain) return this.#close();
    this.#content.received = 0;
    this.#state = "draining";
    this.#deadlines.enter("drain");
    if (!this.#advancing) this.#output.flush();
    this.#resume();
  }

  #forgetBody(): void {
    this.#body?.discard(new TypeError("The exchange is over"));
    this.#body = undefined;
  }

  /** tänzer's `nextRequest`: the session takes itself back. */
  #next(): void {
    if (this.#closing) return this.#close();
    this.#state = "reading";
    this.#deadlines.enter("idle");
    if (this.#advancing) return;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#advance(held);
    else {
      this.#output.flush();
      this.#rephase();
    }
    if (this.#state === "reading") this.#afterWaiting();
  }

  /** Everything that had come is read: go on, or find that the client has said goodbye meanwhile. */
  #afterWaiting(): void {
    this.#resume();
    if (!this.#halfClosed) return;
    if (this.#held === undefined) this.#close();
    else this.#refuse(CUT_SHORT);
  }

  #switch(request: Request, response: Response): void {
    if (!this.#wantsUpgrade || this.#content !== undefined) {
      // RFC 9110 §7.8: a server must not switch to a protocol that the client did not ask for.
      const protocol = response.headers.get("upgrade") ?? "";
      this.#respond(request, new Response(null, { status: 426, headers: { upgrade: protocol } }));
      return;
    }
    this.#state = "lent";
    this.#request = undefined;
    this.#deadlines.stop();
    this.#server.forget(this);
    Request.end(request, (error) => this.#server.report(error, request));
    upgradeConnection(this.#connection, this.#output, response, () => {
      const held = this.#held;
      this.#held = undefined;
      return held;
    });
  }

  // ---- refusing and closing

  #refuseAt(reason: SyntaxFault, end: number): number {
    this.#refuse(reason);
    return end;
  }

  /** Answers a fault and closes: after it, nobody can tell where the next request would start. */
  #refuse(reason: SyntaxFault): void {
    this.#server.reportFault(reason, this.#connection);
    this.isHead = false;
    this.#closing = true;
    writeResponse(this.#output, faultResponse(reason), this, this.#persistence());
    this.#close();
  }

  /** The content is faulty: whoever reads it gets the error, and answers it. */
  #refuseContent(reason: SyntaxFault, end: number): number {
    this.#content = undefined;
    if (this.#state === "reading") return this.#refuseAt(reason, end);
    this.#server.reportFault(reason, this.#connection);
    this.#closing = true;
    this.#body?.fail(new HttpError(reason.status, reason.reason));
    if (this.#state === "draining") this.#close();
    else this.#rephase();
    return end;
  }

  /** Sends what is left and FIN, and listens on for a moment: unread octets would turn the FIN into a reset. */
  #close(): void {
    this.#state = "lingering";
    this.#held = undefined;
    this.#content = undefined;
    this.#output.flush();
    this.#resume();
    this.#connection.end();
    this.#deadlines.enter("linger");
  }

  /** Closes as soon as no exchange is under way; the last answer says so. For a graceful stop. */
  closeGracefully(): void {
    if (this.#state === "reading" && this.#held === undefined) this.#close();
  }

  /** Ends at once. */
  abort(): void {
    this.#connection.destroy();
  }

  // ---- the connection's other news

  onEnd(): void {
    this.#halfClosed = true;
    if (this.#state === "lingering") return this.#connection.destroy();
    if (this.#content !== undefined) this.#refuseContent(CUT_SHORT, 0);
    else if (this.#state === "reading" && !this.#output.blocked) this.#afterWaiting();
  }

  onDrain(): void {
    this.#output.blocked = false;
    this.#rephase();
    if (this.#writer !== undefined) this.#writer.onDrain();
    else if (this.#state === "reading") this.#next();
  }

  onClose(): void {
    const request = this.#request;
    this.#state = "over";
    this.#request = undefined;
    this.#held = undefined;
    this.#deadlines.stop();
    this.#server.forget(this);
    if (request === undefined) return;
    const gone = new DOMException("The client has closed the connection", "AbortError");
    this.#body?.discard(gone);
    this.#writer?.abort(gone);
    Request.abort(request, gone);
    Request.end(request, (error) => this.#server.report(error, request));
  }

  onDeadline(phase: Phase): void {
    switch (phase) {
      case "idle":
        return this.#close();
      case "head":
        return this.#refuse(HEAD_TIMEOUT);
      case "body":
        this.#refuseContent(BODY_TIMEOUT, 0);
        return;
      case "handler":
        return this.#giveUp();
      case "drain":
        return this.#close();
      case "linger":
        // A slow client may still be taking its answer.
        if (this.#connection.unsent > 0) return this.#deadlines.enter("write");
        return this.#connection.destroy();
      default:
        this.#connection.destroy();
    }
  }

  #giveUp(): void {
    const request = this.#request;
    if (request === undefined || this.#state !== "answering") return;
    this.#server.report(new Error(HANDLER_TIMEOUT.reason), request);
    Request.abort(request, new DOMException(HANDLER_TIMEOUT.reason, "TimeoutError"));
    this.#closing = true;
    this.#respond(request, faultResponse(HANDLER_TIMEOUT));
  }

  // ---- flow control

  /** A reader waits for content. */
  demand(): void {
    if (this.#owesContinue && this.#state === "answering") {
      this.#owesContinue = false;
      this.#output.text("HTTP/1.1 100 Continue\r\n\r\n");
      if (!this.#advancing) this.#output.flush();
    }
    if (this.#content === undefined) return;
    this.#resume();
    this.#rephase();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#connection.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection.resume();
  }

  /** Whose turn it is decides which deadline holds. */
  #rephase(): void {
    const phase = this.#currentPhase();
    if (phase !== undefined && phase !== this.#deadlines.phase) this.#deadlines.enter(phase);
  }

  #currentPhase(): Phase | undefined {
    const arriving = this.#content !== undefined && !this.#paused;
    switch (this.#state) {
      case "reading":
        if (this.#output.blocked) return "write";
        return this.#parser === undefined ? "idle" : undefined;
      case "answering":
        return arriving ? "body" : "handler";
      case "sending":
        if (this.#output.blocked) return "write";
        return arriving ? "body" : "none";
      default:
        return undefined;
    }
  }
}

function saysClose(response: Response): boolean {
  if (Response.parts.lines(response) === undefined) return false;
  const value = response.headers.get("connection");
  return value !== null && /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value);
}
