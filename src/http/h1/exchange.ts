import { isPromise, type MaybePromise } from "../../base/maybe-promise.ts";
import type { Phase } from "../../transport/watchdog.ts";
import { clientGone, outOfTime } from "../abort-reasons.ts";
import { Body, type BodySource } from "../body.ts";
import type { Channel, Peer, Protocol } from "../channel.ts";
import { isStreamed, releaseContent } from "../content.ts";
import { Headers } from "../headers.ts";
import { HttpError } from "../http-error.ts";
import type { HttpServer } from "../http-server.ts";
import { Request } from "../request.ts";
import { Response } from "../response.ts";
import { type Upgrade, upgradeRequired } from "../upgrade.ts";
import { ContentReader } from "./content-reader.ts";
import type { ExchangeOwner } from "./exchange-owner.ts";
import { encodeInterim, type Persistence } from "./encoder.ts";
import { faultResponse, HANDLER_TIMEOUT, type SyntaxFault } from "../fault.ts";
import type { FramingFields } from "./framing.ts";
import type { HeadText } from "./head-text.ts";
import type { StreamWriter } from "../stream-writer.ts";
import { endsWithClose, type Recipient, writeResponse } from "./write-response.ts";

/** What an exchange is doing. */
type State =
  /** There is no exchange at hand. */
  | "none"
  /** A handler is at work. */
  | "answering"
  /** A streamed response is being written. */
  | "sending"
  /** The response is complete, the content of its request is not. */
  | "draining";

/**
 * One request and its response. A session has one exchange at a time and uses one object for all of them.
 *
 * none → answering → (sending) → (draining) → none.
 */
export class Exchange implements Channel, BodySource, Recipient {
  readonly #owner: ExchangeOwner;
  readonly #server: HttpServer;
  state: State = "none";
  #request: Request | undefined;
  #body: Body | undefined;
  /** Reads the content; undefined when there is none or all of it has been read. */
  #content: ContentReader | undefined;
  #writer: StreamWriter | undefined;
  #closing = false;
  #owesContinue = false;
  #wantsUpgrade = false;
  /** Whether the client has sent FIN and been waited for: it is taken for gone, until it reads after all. */
  #doubted = false;
  isHead = false;
  understandsChunks = true;
  sent = 0;

  constructor(owner: ExchangeOwner) {
    this.#owner = owner;
    this.#server = owner.server;
  }

  // ---- what the requests see of their session

  get peer(): Peer {
    return this.#owner.peer;
  }

  readonly protocol: Protocol = "http/1.1";

  get bufferedLimit(): number {
    return this.#server.limits.buffered;
  }

  inform(request: Request, status: number, headers: Headers): void {
    if (request !== this.#request || this.state !== "answering") return;
    this.#owner.output.text(encodeInterim(status, Headers.lines(headers)));
    this.#owner.flush();
  }

  /** What requests of HTTP/1.0 see: also those that are kept while the connection goes on with 1.1. */
  get #channel10(): Channel {
    // RFC 9110 §15.2: no interim response to a client of HTTP/1.0.
    return { peer: this.peer, protocol: "http/1.0", bufferedLimit: this.bufferedLimit, inform() {} };
  }

  wantsTrailers(): boolean {
    const value = this.#request?.headers.get("te") ?? "";
    return value.split(",").some((coding) => /^[ \t]*trailers[ \t]*$/i.test(coding));
  }

  // ---- the request

  /** Takes note of how a request is framed. @param more whether octets follow its head already */
  begin(text: HeadText, framing: FramingFields, minor: number, more: boolean): void {
    this.understandsChunks = minor === 1;
    this.isHead = text.method === "HEAD";
    this.#wantsUpgrade = framing.upgrade && framing.offersUpgrade && minor === 1;
    this.#closing = framing.close || (minor === 0 && !framing.keepAlive);
    if (!framing.chunked && framing.length <= 0) {
      this.#body = undefined;
      return;
    }
    const length = framing.chunked ? -1 : framing.length;
    this.#body = new Body(this, length);
    this.#content = new ContentReader(this.#body, length, this.#server.limits);
    // RFC 9110 §10.1.1: no 100 for a client of HTTP/1.0, and no need for it when content has come already.
    this.#owesContinue = framing.expectsContinue && minor === 1 && !more;
  }

  /** Whether the octets that come next belong to this exchange. */
  get isReceiving(): boolean {
    return this.#content !== undefined;
  }

  /** Reads content. @returns the offset after it, or -1 when it is refused before anybody was asked (see `fault`) */
  read(octets: Buffer, start: number): number {
    const content = this.#content!;
    const before = content.received;
    const at = content.read(octets, start, octets.length);
    if (at === -1) return this.cut(content.fault!) ? octets.length : -1;
    this.#owner.received(content.received - before);
    if (content.complete) {
      this.#content = undefined;
      if (this.state === "draining") this.#over();
      else this.#owner.rephase();
    } else if (content.full) {
      content.full = false;
      this.#owner.pause();
      this.#owner.rephase();
    }
    return at;
  }

  /** Why content was refused. */
  fault: SyntaxFault | undefined;

  /**
   * The content will not be complete: whoever reads it gets the error, and answers it.
   *
   * @returns false when nobody has been asked yet
   */
  cut(reason: SyntaxFault): boolean {
    this.#content = undefined;
    this.#closing = true;
    this.fault = reason;
    if (this.state === "none") {
      this.#body = undefined;
      return false;
    }
    this.#body?.fail(new HttpError(reason.status, reason.reason));
    if (this.state === "draining") this.#owner.close();
    else this.#owner.rephase();
    return true;
  }

  /** A reader waits for content. */
  demand(): void {
    this.#sendContinue();
    if (this.#content === undefined) return;
    this.#owner.resume();
    this.#owner.rephase();
  }

  #sendContinue(): void {
    if (!this.#owesContinue || this.state !== "answering") return;
    this.#owesContinue = false;
    this.#owner.output.text("HTTP/1.1 100 Continue\r\n\r\n");
    this.#owner.flush();
  }

  // ---- the response

  /** Has the request answered. */
  ask(text: HeadText): void {
    const { method, target, path, search, authority, fields, isConditional, badPath } = text;
    const content = this.#body ?? null;
    const channel = this.understandsChunks ? this : this.#channel10;
    const request = Request.make(channel, method, target, path, search, authority, fields, content, isConditional);
    this.#request = request;
    this.#server.requests++;
    this.state = "answering";
    let response: MaybePromise<Response>;
    try {
      response = badPath === undefined ? this.#owner.scope.run(this.#server.handler, request) : faultResponse(badPath);
    } catch (error) {
      response = this.#server.lastResort(error, request);
    }
    if (!isPromise(response)) {
      this.#respond(request, response);
      return;
    }
    this.#owner.rephase();
    // A thenable that is no promise may do anything when it is asked.
    Promise.resolve(response).then(
      (later) => this.#respond(request, later),
      (error: unknown) => this.#respond(request, this.#server.lastResort(error, request)),
    );
  }

  #respond(request: Request, response: Response): void {
    if (request !== this.#request || this.state !== "answering") {
      // It timed out or its client has gone.
      if (response instanceof Response) releaseContent(Response.parts.content(response));
      return;
    }
    try {
      this.#write(request, response);
    } catch (error) {
      this.#write(request, this.#server.lastResort(error, request));
    }
  }

  #write(request: Request, response: Response): void {
    if (!(response instanceof Response)) throw new TypeError("The handler gave something that is no Response");
    const upgrade = Response.parts.upgrade(response);
    if (typeof upgrade === "number") return this.#drop(upgrade);
    if (upgrade !== undefined) return this.#upgrade(request, response, upgrade);
    // Streamed content may be made of the request's, which a waiting client would never send after the head.
    if (this.#body?.claimed === true && isStreamed(Response.parts.content(response))) this.#sendContinue();
    this.#closing ||= this.#owner.mustClose() || this.#mustClose(request, response);
    const writer = writeResponse(this.#owner.output, response, this, this.#persistence());
    if (writer === undefined) this.#complete();
    else this.#send(writer, request);
  }

  /** RFC 9112 §9.6: who will close says so in the last response. */
  #mustClose(request: Request, response: Response): boolean {
    if (saysClose(response) || endsWithClose(response, this)) return true;
    if (this.#content === undefined || request.bodyUsed || this.#body?.claimed === true) return false;
    // Content that nobody reads is drained only up to a limit, and not at all when the client waits for 100.
    return this.#owesContinue || this.#content.remaining > this.#server.limits.drain;
  }

  #persistence(): Persistence {
    if (this.#closing) return "connection: close\r\n";
    return this.understandsChunks ? "" : "connection: keep-alive\r\n";
  }

  #send(writer: StreamWriter, request: Request): void {
    this.#writer = writer;
    this.state = "sending";
    this.#owner.rephase();
    writer.run().then(
      (finished) => {
        if (finished && this.#writer === writer) this.#complete();
      },
      (error: unknown) => {
        // The head is gone: only a broken connection tells the client that the content is not whole. What breaks off
        // because the client has gone, or does not send what the answer is made of, is nobody's fault.
        if (!Request.isAborted(request) && this.fault === undefined) this.#server.report(error, request);
        this.#owner.abort();
      },
    );
  }

  /** No answer, and none to whatever came behind: the connection goes, and its client is not let in for a while. */
  #drop(milliseconds: number): void {
    this.#server.drop(this.peer.remoteAddress, milliseconds);
    this.#owner.abort();
  }

  #upgrade(request: Request, response: Response, take: Upgrade): void {
    if (!this.#wantsUpgrade || this.#content !== undefined) {
      return this.#write(request, upgradeRequired(response));
    }
    this.#end();
    this.state = "none";
    this.#owner.lend(response, take);
  }

  /** The response has been handed over whole. */
  #complete(): void {
    this.#end();
    const content = this.#content;
    if (content === undefined) return this.#over();
    if (this.#closing || content.remaining > this.#server.limits.drain) return this.#owner.close();
    this.state = "draining";
    this.#owner.rephase();
    this.#owner.flush();
    this.#owner.resume();
  }

  #end(): void {
    const request = this.#request!;
    const sent = this.#writer === undefined ? this.sent : this.#writer.written;
    this.#request = undefined;
    this.#writer = undefined;
    this.sent = 0;
    this.#owesContinue = false;
    if (this.#body !== undefined) {
      // An error is dear (it takes the stack down): none is made where all has been read.
      if (!this.#body.drained) this.#body.discard(new TypeError("The exchange is over"));
      this.#body = undefined;
    }
    this.#doubted = false;
    Request.end(request, sent, this.#server.onCleanupError);
  }

  #over(): void {
    this.state = "none";
    if (this.#closing) this.#owner.close();
    else this.#owner.next();
  }

  // ---- what ends an exchange from outside

  /** The connection has room again. */
  onDrain(): void {
    this.#writer?.onDrain();
  }

  /** The handler has had its time. */
  giveUp(): void {
    const request = this.#request;
    if (request === undefined || this.state !== "answering") return;
    this.#server.report(new Error(HANDLER_TIMEOUT.reason), request);
    Request.abort(request, outOfTime());
    this.#closing = true;
    this.#respond(request, faultResponse(HANDLER_TIMEOUT));
  }

  /**
   * The client has sent FIN and the answer has not come since. TCP does not tell a client that only stopped sending from
   * one that is gone: the signal says gone, and whatever the handler still gives is sent.
   */
  doubt(): void {
    this.#doubted = true;
    if (this.#request !== undefined) Request.abort(this.#request, clientGone());
  }

  /** The connection is gone. */
  abort(): void {
    const request = this.#request;
    this.state = "none";
    this.#content = undefined;
    if (request === undefined) return;
    const reason = clientGone();
    this.#body?.fail(reason);
    this.#writer?.abort(reason);
    Request.abort(request, reason);
    this.#end();
  }

  /** Whose turn it is. */
  phase(blocked: boolean, paused: boolean, halfClosed: boolean): Phase {
    const arriving = this.#content !== undefined && !paused;
    const waiting = halfClosed && !this.#doubted;
    switch (this.state) {
      case "answering":
        if (arriving) return "body";
        return waiting ? "halfClosed" : "handler";
      case "sending":
        if (blocked) return "write";
        if (arriving) return "body";
        return waiting ? "halfClosed" : "none";
      case "draining":
        return "drain";
      default:
        return "none";
    }
  }
}

function saysClose(response: Response): boolean {
  if (Response.parts.lines(response) === undefined) return false;
  const value = response.headers.get("connection");
  return value !== null && /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value);
}
