import { isPromise, type MaybePromise } from "../../base/maybe-promise.ts";
import { RateGuard } from "../../transport/rate-guard.ts";
import type { Phase } from "../../transport/watchdog.ts";
import { Body, type BodySource } from "../body.ts";
import type { Channel } from "../channel.ts";
import { isStreamed, releaseContent } from "../content.ts";
import { fault, faultResponse, type SyntaxFault } from "../fault.ts";
import { Headers } from "../headers.ts";
import { HttpError } from "../http-error.ts";
import type { HttpServer } from "../http-server.ts";
import { Request } from "../request.ts";
import { Response } from "../response.ts";
import type { StreamWriter } from "../stream-writer.ts";
import type { Upgrade } from "../upgrade.ts";
import { CANCEL, type Fault, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, streamFault } from "./errors.ts";
import { ReceiveWindow } from "./flow.ts";
import { parsePriority, type Priority, UNSAID } from "./priority.ts";
import type { RequestText } from "./request-head.ts";
import type { Sender } from "./sender.ts";
import { STREAM_WINDOW } from "./settings.ts";
import { StreamDuplex } from "./stream-duplex.ts";
import { type OutputStream, StreamOutput } from "./stream-output.ts";
import type { TrailerSection } from "./trailer-section.ts";
import { writeResponse } from "./write-response.ts";

const HANDLER_TIMEOUT = fault(503, "The answer took too long");
const BODY_TIMEOUT = fault(408, "The content did not arrive in time");
const TOO_LARGE = fault(413, "The content is too large");
const LARGE_TRAILERS = fault(431, "The trailer section is too large");
const NO_PROTOCOL = fault(501, "The protocol asked for is not spoken here");

const TOO_LONG = streamFault(PROTOCOL_ERROR, "There is more content than Content-Length says");
const TOO_SHORT = streamFault(PROTOCOL_ERROR, "There is less content than Content-Length says");
const BAD_TRAILERS = streamFault(PROTOCOL_ERROR, "The trailer section is malformed");

/** Room below which it is for us, and not for the client, to go on with the content of a request. */
const PAUSED: number = STREAM_WINDOW / 4;

/** States of a stream that a client has opened. RFC 9113 §5.1. */
type State = "open" | "halfClosedRemote" | "halfClosedLocal" | "closed";

/** What the exchange on it is doing. */
type Stage =
  /** A handler is at work. */
  | "answering"
  /** The response is being written. */
  | "sending"
  /** The response is complete, the content of its request is not. */
  | "draining"
  /** The stream belongs to an upgrade. RFC 8441. */
  | "lent"
  | "over";

/** The session, as its streams see it. */
export interface StreamOwner {
  readonly server: HttpServer;
  readonly sender: Sender;
  /** What all its requests have in common. */
  readonly channel: Channel;
  /** Octets of content will not be held any longer. */
  release(octets: number): void;
  /** Gives the client more room on a stream. */
  widen(stream: number, octets: number): void;
  /** Sends RST_STREAM. */
  reset(stream: Stream, code: number): void;
  /** The stream is closed. */
  forget(stream: Stream): void;
  /** A handler is at work for a stream that is gone; or has come to an end. */
  orphaned(count: 1 | -1): void;
  /** Sends what is gathered, unless a batch is being read that will send it. */
  flush(): void;
  /** Something has a deadline. */
  watch(deadline: number): void;
  /** Ends the connection now. */
  abort(): void;
}

/** One request and its response on a stream of its own. */
export class Stream implements BodySource, OutputStream {
  readonly id: number;
  readonly text: RequestText;
  readonly #owner: StreamOwner;
  state: State;
  stage: Stage = "answering";
  /** Octets that the client still takes. */
  window: number;
  priority: Priority = UNSAID;
  phase: Phase = "none";
  deadline: number = Infinity;
  #request: Request | undefined;
  #body: Body | undefined;
  #receiveWindow: ReceiveWindow | undefined;
  #received = 0;
  /** Octets of content whose room was given back. */
  #released = 0;
  #dropped = 0;
  output: StreamOutput | undefined;
  #writer: StreamWriter | undefined;
  #duplex: StreamDuplex | undefined;
  #draining: AbortController | undefined;
  #guard: RateGuard | undefined;
  #owesContinue = false;
  /** Octets of content that were sent, of a response that was there as a whole. */
  sent = 0;

  constructor(owner: StreamOwner, id: number, text: RequestText, window: number, ends: boolean) {
    this.#owner = owner;
    this.id = id;
    this.text = text;
    this.window = window;
    this.state = ends ? "halfClosedRemote" : "open";
    if (text.priority !== "") this.priority = parsePriority(text.priority);
    if (!ends) {
      this.#body = new Body(this, text.contentLength);
      this.#receiveWindow = new ReceiveWindow(STREAM_WINDOW);
      this.#owesContinue = text.expectsContinue;
    }
  }

  get isHead(): boolean {
    return this.text.method === "HEAD";
  }

  /** Whether the client said `TE: trailers`; it cannot say anything else. RFC 9113 §8.2.2. */
  wantsTrailers(): boolean {
    return this.#request !== undefined && Request.field(this.#request, "te") !== null;
  }

  get sender(): Sender {
    return this.#owner.sender;
  }

  /** Whether the exchange is of this request. */
  isOf(request: Request): boolean {
    return request === this.#request && this.stage === "answering";
  }

  /** The client has changed its mind. RFC 9218 §7. */
  prioritise(priority: Priority): void {
    const { output } = this;
    if (output?.queued !== true) {
      this.priority = priority;
      return;
    }
    this.sender.dequeue(output);
    this.priority = priority;
    this.sender.enqueue(output);
  }

  // ---- the request

  /** Has the request answered. */
  ask(): void {
    const { server, channel } = this.#owner;
    const { method, target, path, search, authority, fields, isConditional, refused } = this.text;
    const content = this.#body ?? null;
    const request = Request.make(channel, method, target, path, search, authority, fields, content, isConditional);
    this.#request = request;
    server.requests++;
    let response: MaybePromise<Response>;
    try {
      response = refused === undefined ? server.handler(request) : faultResponse(refused);
    } catch (error) {
      response = server.lastResort(error, request);
    }
    if (!isPromise(response)) return this.#respond(request, response);
    this.rephase();
    // A thenable that is no promise may do anything when it is asked.
    Promise.resolve(response).then(
      (later) => this.#respondLater(request, later),
      (error: unknown) => {
        // What breaks off because the client has gone is nobody's fault.
        if (this.#isOrphan) this.#owner.orphaned(-1);
        else this.#respondLater(request, server.lastResort(error, request));
      },
    );
  }

  #respondLater(request: Request, response: Response): void {
    this.#respond(request, response);
    if (this.#isOrphan) this.#owner.orphaned(-1);
    else this.#owner.flush();
  }
  #isOrphan = false;

  /** Content has come. */
  receive(octets: Buffer, start: number, end: number): Fault | undefined {
    const length = end - start;
    this.#received += length;
    const { contentLength } = this.text;
    // RFC 9113 §8.1.1.
    if (contentLength !== -1 && this.#received > contentLength) return TOO_LONG;
    const body = this.#body;
    if (body === undefined) {
      this.#drop(length);
      return undefined;
    }
    if (this.#received > this.#owner.server.limits.content) {
      this.cut(TOO_LARGE);
      return undefined;
    }
    // The octets are borrowed from the connection; the body keeps its own.
    const own = Buffer.allocUnsafe(length);
    octets.copy(own, 0, start, end);
    body.push(own);
    this.#giveRoom(body);
    return undefined;
  }

  /** Octets came that count in the window. @returns false when the client had no right to them. RFC 9113 §6.9.1 */
  takeRoom(octets: number, padding: number): boolean {
    if (this.#receiveWindow?.take(octets) === false) return false;
    if (padding > 0) {
      this.#receiveWindow?.release(padding);
      this.#owner.release(padding);
    }
    return true;
  }

  /** Nobody reads it. */
  #drop(octets: number): void {
    this.#owner.release(octets);
    this.#dropped += octets;
    this.#receiveWindow?.release(octets);
    if (this.stage === "draining" && this.#dropped > this.#owner.server.limits.drain) this.#owner.reset(this, NO_ERROR);
  }

  /** What has been read makes room for more. */
  #giveRoom(body: Body): void {
    const consumed = this.#received - this.#released - body.queued;
    if (consumed <= 0) return;
    this.#released += consumed;
    this.#owner.release(consumed);
    const window = this.#receiveWindow!;
    window.release(consumed);
    if (this.state !== "open" && this.state !== "halfClosedLocal") return;
    const room = window.update(body.queued === 0);
    if (room > 0) this.#owner.widen(this.id, room);
    this.rephase();
  }

  /** All of the content has come, with trailers or without. */
  receiveEnd(trailers: TrailerSection | undefined): Fault | undefined {
    const { contentLength } = this.text;
    // RFC 9113 §8.1.1.
    if (contentLength !== -1 && this.#received !== contentLength) return TOO_SHORT;
    if (trailers?.isMalformed === true) return BAD_TRAILERS;
    const isOver = this.state === "halfClosedLocal";
    this.state = isOver ? "closed" : "halfClosedRemote";
    if (trailers?.isTooLarge === true) this.cut(LARGE_TRAILERS);
    else this.#body?.end(trailers?.headers);
    if (isOver) this.#over();
    else this.rephase();
    return undefined;
  }

  /** The content will not be complete: whoever reads it gets the error, and answers it. */
  cut(reason: SyntaxFault): void {
    const body = this.#body;
    if (body === undefined) return;
    this.#releaseRest();
    this.#body = undefined;
    body.fail(new HttpError(reason.status, reason.reason));
    this.rephase();
  }

  /** What the body still holds does not count against the connection any longer. */
  #releaseRest(): void {
    const rest = this.#received - this.#released;
    this.#released = this.#received;
    if (rest > 0) this.#owner.release(rest);
  }

  /** A reader waits for content. */
  demand(): void {
    this.#sendContinue();
    if (this.#body !== undefined) this.#giveRoom(this.#body);
  }

  #sendContinue(): void {
    if (!this.#owesContinue || this.stage !== "answering") return;
    this.#owesContinue = false;
    if (this.#received === 0) this.#interim(100, []);
  }

  /** Sends an interim response. RFC 9113 §8.1. */
  inform(status: number, headers: Headers): void {
    this.#interim(status, Headers.lines(headers));
  }

  #interim(status: number, lines: readonly string[]): void {
    const { sender } = this.#owner;
    sender.headers(this.id, sender.sections.interim(status, lines), false);
    this.#owner.flush();
  }

  // ---- the response

  #respond(request: Request, response: Response): void {
    if (request !== this.#request || this.stage !== "answering") {
      // It timed out or its client has gone.
      if (response instanceof Response) releaseContent(Response.parts.content(response));
      return;
    }
    try {
      this.#write(request, response);
    } catch (error) {
      this.#write(request, this.#owner.server.lastResort(error, request));
    }
  }

  #write(request: Request, response: Response): void {
    if (!(response instanceof Response)) throw new TypeError("The handler gave something that is no Response");
    const upgrade = Response.parts.upgrade(response);
    if (typeof upgrade === "number") return this.#unanswered(upgrade);
    if (upgrade !== undefined) return this.#upgrade(request, response, upgrade);
    // RFC 8441 §5: 2xx would tell the client that its protocol is spoken.
    if (this.text.wantsUpgrade && response.ok) return this.#write(request, faultResponse(NO_PROTOCOL));
    if (this.#body?.claimed === true && isStreamed(Response.parts.content(response))) this.#sendContinue();
    const writer = writeResponse(this, response);
    if (writer !== undefined) this.#send(writer, request);
  }

  #send(writer: StreamWriter, request: Request): void {
    this.#writer = writer;
    this.stage = "sending";
    this.output!.onRoom = () => writer.onDrain();
    this.rephase();
    writer.run().catch((error: unknown) => {
      // The head is gone: only a reset tells the client that the content is not whole.
      if (!Request.isAborted(request)) this.#owner.server.report(error, request);
      if (this.state !== "closed") this.#owner.reset(this, INTERNAL_ERROR);
    });
  }

  /** No answer: the whole connection goes, and its client is not let in for a while. */
  #unanswered(milliseconds: number): void {
    const { server, channel } = this.#owner;
    server.drop(channel.peer.remoteAddress, milliseconds);
    this.#owner.abort();
  }

  /** RFC 8441 §5: 200 and the stream is lent. */
  #upgrade(request: Request, response: Response, take: Upgrade): void {
    const body = this.#body;
    if (!this.text.wantsUpgrade || body === undefined) {
      const protocol = response.headers.get("upgrade") ?? "";
      return this.#write(request, new Response(null, { status: 426, headers: { upgrade: protocol } }));
    }
    const { sender, server } = this.#owner;
    sender.headers(this.id, sender.sections.head(response, -1, 200), false);
    this.stage = "lent";
    this.#request = undefined;
    this.rephase();
    Request.end(request, 0, server.onCleanupError);
    const duplex = new StreamDuplex(body, this.startOutput(), this.#owner.channel.peer, () => {
      if (this.state !== "closed") this.#owner.reset(this, CANCEL);
    });
    this.#duplex = duplex;
    this.#owner.flush();
    const draining = new AbortController();
    try {
      take(duplex, draining.signal);
    } catch (error) {
      server.onUpgradeError(error);
      duplex.destroy();
    }
    this.#draining = draining;
    if (server.leaving) this.drain();
  }

  /** The server stops: says so to whoever has the stream. */
  drain(): void {
    this.#draining?.abort(new DOMException("The server is stopping", "AbortError"));
  }

  /** Begins to send content piece by piece. */
  startOutput(): StreamOutput {
    return (this.output ??= new StreamOutput(this, this.#owner.sender));
  }

  /** Everything was sent, END_STREAM and all. */
  onSent(): void {
    if (this.output !== undefined) this.sent = this.output.sent;
    const isOver = this.state === "halfClosedRemote";
    this.state = isOver ? "closed" : "halfClosedLocal";
    if (this.#duplex !== undefined) {
      if (isOver) this.#over();
      return;
    }
    this.#end();
    if (isOver) this.#over();
    else this.#drain();
  }

  /** RFC 9113 §8.1: what is left of the request is not wanted; a little of it is read, so that no reset is needed. */
  #drain(): void {
    const { limits } = this.#owner.server;
    const left = this.text.contentLength === -1 ? 0 : this.text.contentLength - this.#received;
    if (left > limits.drain) return this.#owner.reset(this, NO_ERROR);
    this.stage = "draining";
    this.rephase();
  }

  /** The exchange is over; the stream may not be. */
  #end(): void {
    const request = this.#request;
    this.#request = undefined;
    this.#writer = undefined;
    this.#owesContinue = false;
    const body = this.#body;
    if (body !== undefined) {
      this.#releaseRest();
      this.#body = undefined;
      // An error is dear (it takes the stack down): none is made where all has been read.
      if (!body.drained) body.discard(new TypeError("The exchange is over"));
    }
    if (request !== undefined) Request.end(request, this.sent, this.#owner.server.onCleanupError);
  }

  #over(): void {
    this.stage = "over";
    this.deadline = Infinity;
    this.#owner.forget(this);
  }

  // ---- what ends it from outside

  /** The stream was reset, by either end, or its connection is gone. */
  abort(): void {
    if (this.stage === "over") return;
    const wasAnswering = this.stage === "answering";
    const request = this.#request;
    this.state = "closed";
    const reason = new DOMException("The client has closed the connection", "AbortError");
    const body = this.#body;
    if (body !== undefined) {
      this.#releaseRest();
      body.fail(reason);
    }
    if (this.output !== undefined) {
      this.sent = this.output.sent;
      this.output.abandon();
    }
    this.#writer?.abort(reason);
    this.#duplex?.lose();
    if (request !== undefined) Request.abort(request, reason);
    if (wasAnswering && request !== undefined) {
      this.#isOrphan = true;
      this.#owner.orphaned(1);
    }
    this.stage = "over";
    this.#end();
    this.#over();
  }

  // ---- deadlines

  /** Whose turn it is decides which deadline holds. */
  rephase(): void {
    const phase = this.#phaseNow();
    if (phase === this.phase) return;
    this.phase = phase;
    const { watchdog, phases } = this.#owner.server;
    const { now } = watchdog;
    if (phase === "none") this.deadline = Infinity;
    else if (phase === "body" || phase === "write") {
      this.#guard ??= new RateGuard();
      this.deadline = this.#guard.start(now, this.#moved, phases[phase], phases);
    } else this.deadline = now + phases[phase];
    this.#owner.watch(this.deadline);
  }

  #phaseNow(): Phase {
    const isArriving =
      this.#body !== undefined && this.state === "open" && this.#received - this.#released < STREAM_WINDOW - PAUSED;
    switch (this.stage) {
      case "answering":
        return isArriving ? "body" : "handler";
      case "sending":
        if (this.output?.isStalled === true) return "write";
        return isArriving ? "body" : "none";
      case "draining":
        return "drain";
      default:
        return "none";
    }
  }

  get #moved(): number {
    return this.phase === "write" ? this.output!.sent : this.#received;
  }

  /** The deadline is over. */
  onDeadline(): void {
    const { phase } = this;
    const { watchdog, phases } = this.#owner.server;
    if (phase === "body" || phase === "write") {
      const next = this.#guard!.look(watchdog.now, this.#moved, phases[phase], phases);
      this.deadline = next;
      if (next > 0) return;
    }
    this.deadline = Infinity;
    this.phase = "none";
    if (phase === "body") this.cut(BODY_TIMEOUT);
    else if (phase === "handler") this.#giveUp();
    else if (phase === "write") this.#owner.reset(this, CANCEL);
    else if (phase === "drain") this.#owner.reset(this, NO_ERROR);
  }

  /** The handler has had its time. */
  #giveUp(): void {
    const request = this.#request;
    if (request === undefined || this.stage !== "answering") return;
    this.#owner.server.report(new Error(HANDLER_TIMEOUT.reason), request);
    Request.abort(request, new DOMException(HANDLER_TIMEOUT.reason, "TimeoutError"));
    this.#respond(request, faultResponse(HANDLER_TIMEOUT));
    this.#owner.flush();
  }
}
