import { isPromise, type MaybePromise } from "../../base/maybe-promise.ts";
import type { RateGuard } from "../../transport/rate-guard.ts";
import type { Phase } from "../../transport/watchdog.ts";
import { clientGone, outOfTime } from "../abort-reasons.ts";
import { isStreamed, releaseContent } from "../content.ts";
import { BODY_TIMEOUT, CUT_SHORT, fault, faultResponse, HANDLER_TIMEOUT } from "../fault.ts";
import { Headers } from "../headers.ts";
import { Request } from "../request.ts";
import { Response } from "../response.ts";
import type { StreamWriter } from "../stream-writer.ts";
import { type Upgrade, upgradeRequired } from "../upgrade.ts";
import { CANCEL, type Fault, INTERNAL_ERROR, NO_ERROR } from "./errors.ts";
import { parsePriority, type Priority, UNSAID } from "./priority.ts";
import { type ContentOwner, RequestContent } from "./request-content.ts";
import type { RequestText } from "./request-head.ts";
import type { Sender } from "./sender.ts";
import { type LentStream, lendStream } from "./lend-stream.ts";
import { StreamDuplex } from "./stream-duplex.ts";
import { enterPhase, isLate, phaseOf } from "./stream-deadline.ts";
import { type OutputStream, StreamOutput } from "./stream-output.ts";
import type { StreamOwner } from "./stream-owner.ts";
import type { TrailerSection } from "./trailer-section.ts";
import { writeResponse } from "./write-response.ts";

const NO_PROTOCOL = fault(501, "The protocol asked for is not spoken here");

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

/** One request and its response on a stream of its own. */
export class Stream implements ContentOwner, OutputStream {
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
  /** What comes after the head; undefined when the stream ended with it. */
  readonly content: RequestContent | undefined;
  output: StreamOutput | undefined;
  #writer: StreamWriter | undefined;
  /** Who has the stream, after an upgrade. */
  #lent: LentStream | undefined;
  /** Judges progress, where a deadline depends on it. */
  guard: RateGuard | undefined;
  #owesContinue = false;
  /** Octets of content that were sent together with their head. */
  sent = 0;

  constructor(owner: StreamOwner, id: number, text: RequestText, window: number, ends: boolean) {
    this.#owner = owner;
    this.id = id;
    this.text = text;
    this.window = window;
    this.state = ends ? "halfClosedRemote" : "open";
    if (text.priority !== "") this.priority = parsePriority(text.priority);
    this.content = ends ? undefined : new RequestContent(this, text.contentLength);
    this.#owesContinue = !ends && text.expectsContinue;
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
    return request === this.#request && this.stage === "answering" && this.state !== "closed";
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
    const { server, channel, scope } = this.#owner;
    const { method, target, path, search, authority, fields, isConditional, refused } = this.text;
    const content = this.content?.body ?? null;
    const request = Request.make(channel, method, target, path, search, authority, fields, content, isConditional);
    this.#request = request;
    server.requests++;
    let response: MaybePromise<Response>;
    try {
      response = refused === undefined ? scope.run(server.handler, request) : faultResponse(refused);
    } catch (error) {
      response = server.lastResort(error, request);
    }
    if (!isPromise(response)) return this.#respond(request, response);
    this.rephase();
    // A thenable that is no promise may do anything when it is asked.
    Promise.resolve(response).then(
      (later) => this.#respondLater(request, later),
      (error: unknown) => {
        if (!this.#isOrphan) return this.#respondLater(request, server.lastResort(error, request));
        this.#owner.orphaned(-1);
        // What breaks off because the client has gone is nobody's fault; that its time was over has been said.
        if (this.#isGivenUp && error !== request.signal.reason) server.lastResort(error, request);
      },
    );
  }

  #respondLater(request: Request, response: Response): void {
    this.#respond(request, response);
    if (this.#isOrphan) this.#owner.orphaned(-1);
    else this.#owner.flush();
  }
  /** Whether the handler is at work for an answer that nobody waits for. */
  #isOrphan = false;
  #isGivenUp = false;

  // ---- its content

  get contentLimit(): number {
    // RFC 9113 §8.5: what comes behind an extended CONNECT is no content.
    return this.text.wantsUpgrade ? Infinity : this.#owner.server.limits.content;
  }

  release(octets: number): void {
    this.#owner.release(octets);
  }

  widen(octets: number): void {
    this.#owner.widen(this.id, octets);
  }

  onDemand(): void {
    this.#sendContinue();
  }

  /** Content has come. */
  receive(octets: Buffer, start: number, end: number): Fault | undefined {
    const content = this.content!;
    const found = content.receive(octets, start, end);
    const isEnough = this.stage === "draining" && content.dropped > this.#owner.server.limits.drain;
    if (found === undefined && isEnough) this.#owner.reset(this, NO_ERROR);
    return found;
  }

  /** All of the content has come, with trailers or without. */
  receiveEnd(trailers: TrailerSection | undefined): Fault | undefined {
    const found = this.content!.end(trailers);
    if (found !== undefined) return found;
    const isOver = this.state === "halfClosedLocal";
    this.state = isOver ? "closed" : "halfClosedRemote";
    if (isOver) this.#over();
    else this.rephase();
    return undefined;
  }

  #sendContinue(): void {
    if (!this.#owesContinue || this.stage !== "answering") return;
    this.#owesContinue = false;
    if (this.content!.received === 0) this.#interim(100, []);
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
    if (this.content?.body?.claimed === true && isStreamed(Response.parts.content(response))) this.#sendContinue();
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
    const body = this.content?.body;
    if (!this.text.wantsUpgrade || body === undefined) {
      return this.#write(request, upgradeRequired(response));
    }
    const { sender, server, channel } = this.#owner;
    sender.headers(this.id, sender.sections.head(response, -1, 200), false);
    this.stage = "lent";
    this.#request = undefined;
    this.rephase();
    Request.end(request, 0, server.onCleanupError);
    const duplex = new StreamDuplex(body, this.startOutput(), channel.peer, (isWhole) => {
      if (!isWhole && this.state !== "closed") this.#owner.reset(this, CANCEL);
      // Both ends may have said everything, and what was not read holds room of the connection still.
      this.#leaveContent();
    });
    this.#owner.flush();
    this.#lent = lendStream(duplex, take, server.onUpgradeError);
    if (server.leaving) this.drain();
  }

  /** The server stops: says so to whoever has the stream. */
  drain(): void {
    this.#lent?.drain();
  }

  /** Begins to send content piece by piece. */
  startOutput(): StreamOutput {
    return (this.output ??= new StreamOutput(this, this.#owner.sender));
  }

  /** Everything was sent, END_STREAM and all. */
  onSent(): void {
    const isOver = this.state === "halfClosedRemote";
    this.state = isOver ? "closed" : "halfClosedLocal";
    if (this.stage === "lent") {
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
    if (this.content!.left > limits.drain) return this.#owner.reset(this, NO_ERROR);
    this.stage = "draining";
    this.rephase();
  }

  /** The exchange is over; the stream may not be. */
  #end(): void {
    const request = this.#request;
    this.#request = undefined;
    this.#writer = undefined;
    this.#owesContinue = false;
    this.#leaveContent();
    const sent = this.sent + (this.output?.sent ?? 0);
    if (request !== undefined) Request.end(request, sent, this.#owner.server.onCleanupError);
  }

  #leaveContent(): void {
    const body = this.content?.leave();
    // An error is dear (it takes the stack down): none is made where all has been read.
    if (body?.drained === false) body.discard(new TypeError("The exchange is over"));
  }

  #over(): void {
    this.stage = "over";
    this.deadline = Infinity;
    this.#owner.forget(this);
  }

  // ---- what ends it from outside

  /** The client will send no more: what has not come by now does not come. */
  onEnd(): void {
    if (this.content?.isComplete === false) this.content.cut(CUT_SHORT);
  }

  /** The client is perhaps gone: the signal says so, and an answer that still comes is sent. */
  doubt(): void {
    if (this.#request !== undefined) Request.abort(this.#request, clientGone());
  }

  /** The stream was reset, by either end, or its connection is gone. */
  abort(): void {
    if (this.stage === "over") return;
    const wasAnswering = this.stage === "answering";
    const request = this.#request;
    this.state = "closed";
    const reason = clientGone();
    this.content?.leave()?.fail(reason);
    this.output?.abandon();
    this.#writer?.abort(reason);
    this.#lent?.duplex.lose();
    if (request !== undefined) Request.abort(request, reason);
    if (wasAnswering && request !== undefined) this.#orphan();
    this.stage = "over";
    this.#end();
    this.#over();
  }

  /** A handler cannot be stopped: until it is done it counts as a stream, whatever has become of its own. */
  #orphan(): void {
    this.#isOrphan = true;
    this.#owner.orphaned(1);
  }

  // ---- deadlines

  /** Another deadline may hold. */
  rephase(): void {
    const phase = phaseOf(this);
    if (phase === this.phase) return;
    enterPhase(this, phase, this.#owner.server);
    this.#owner.watch(this.deadline);
  }

  /** The deadline is over. */
  onDeadline(): void {
    const { phase } = this;
    if (!isLate(this, this.#owner.server, this.#owner.hasRoom)) return;
    if (phase === "body") this.content?.cut(BODY_TIMEOUT);
    else if (phase === "handler") this.#giveUp();
    else if (phase === "write") this.#owner.reset(this, CANCEL);
    else if (phase === "drain") this.#owner.reset(this, NO_ERROR);
  }

  /** The handler has had its time. */
  #giveUp(): void {
    const request = this.#request;
    if (request === undefined || this.stage !== "answering") return;
    this.#isGivenUp = true;
    this.#orphan();
    this.#owner.server.report(new Error(HANDLER_TIMEOUT.reason), request);
    Request.abort(request, outOfTime());
    this.#respond(request, faultResponse(HANDLER_TIMEOUT));
    this.#owner.flush();
  }
}
