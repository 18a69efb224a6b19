import { Body, type BodySource } from "../body.ts";
import { CONTENT_TOO_LARGE, fault, type SyntaxFault } from "../fault.ts";
import { HttpError } from "../http-error.ts";
import { type Fault, PROTOCOL_ERROR, streamFault } from "./errors.ts";
import { ReceiveWindow } from "./flow.ts";
import { STREAM_WINDOW } from "./settings.ts";
import type { TrailerSection } from "./trailer-section.ts";

const LARGE_TRAILERS = fault(431, "The trailer section is too large");
const TOO_LONG = streamFault(PROTOCOL_ERROR, "There is more content than Content-Length says");
const TOO_SHORT = streamFault(PROTOCOL_ERROR, "There is less content than Content-Length says");
const BAD_TRAILERS = streamFault(PROTOCOL_ERROR, "The trailer section is malformed");

/** Room below which it is for us, and not for the client, to go on. */
const PAUSED: number = STREAM_WINDOW / 4;

/** The stream, as the content of its request sees it. */
export interface ContentOwner {
  /** Octets that a request may have. */
  readonly contentLimit: number;
  /** Octets will not be held any longer: the connection has room for as many. */
  release(octets: number): void;
  /** Gives the client more room on the stream. */
  widen(octets: number): void;
  /** A reader waits. */
  onDemand(): void;
  /** Whose turn it is may have changed. */
  rephase(): void;
}

/** The content of one request: counted, bounded, and given room as it is read. RFC 9113 §6.9, §8.1.1. */
export class RequestContent implements BodySource {
  readonly #owner: ContentOwner;
  readonly #announced: number;
  readonly #window = new ReceiveWindow(STREAM_WINDOW);
  /** Octets whose room was given back. */
  #released = 0;
  /** Who reads it; undefined when nobody does any more. */
  body: Body | undefined;
  /** Octets that have come. */
  received = 0;
  /** Octets that came and that nobody wanted. */
  dropped = 0;
  /** Whether all of it has come. */
  isComplete = false;

  /** @param announced the Content-Length, or -1 */
  constructor(owner: ContentOwner, announced: number) {
    this.#owner = owner;
    this.#announced = announced;
    this.body = new Body(this, announced);
  }

  /** Octets that are still to come, as far as that is known. */
  get left(): number {
    return this.#announced === -1 ? 0 : this.#announced - this.received;
  }

  /** Whether it is for the client to go on. */
  get isAwaited(): boolean {
    return this.body !== undefined && !this.isComplete && this.received - this.#released < STREAM_WINDOW - PAUSED;
  }

  /** A frame has begun. @returns false when the client had no right to it. RFC 9113 §6.9.1 */
  takeRoom(octets: number, padding: number): boolean {
    if (!this.#window.take(octets)) return false;
    if (padding > 0) {
      this.#window.release(padding);
      this.#owner.release(padding);
    }
    return true;
  }

  /** Octets have come. @param octets borrowed */
  receive(octets: Buffer, start: number, end: number): Fault | undefined {
    const length = end - start;
    this.received += length;
    // RFC 9113 §8.1.1.
    if (this.#announced !== -1 && this.received > this.#announced) return TOO_LONG;
    const { body } = this;
    if (body === undefined) {
      this.#released += length;
      this.dropped += length;
      this.#owner.release(length);
      return undefined;
    }
    if (this.received > this.#owner.contentLimit) {
      this.cut(CONTENT_TOO_LARGE);
      return undefined;
    }
    // The octets are borrowed from the connection; the body keeps its own.
    const own = Buffer.allocUnsafe(length);
    octets.copy(own, 0, start, end);
    body.push(own);
    this.#giveRoom(body);
    return undefined;
  }

  /** All of it has come, with trailers or without. */
  end(trailers: TrailerSection | undefined): Fault | undefined {
    // RFC 9113 §8.1.1.
    if (this.#announced !== -1 && this.received !== this.#announced) return TOO_SHORT;
    if (trailers?.isMalformed === true) return BAD_TRAILERS;
    this.isComplete = true;
    if (trailers?.isTooLarge === true) this.cut(LARGE_TRAILERS);
    else this.body?.end(trailers?.headers);
    return undefined;
  }

  /** It will not be complete: whoever reads it gets the error, and answers it. */
  cut(reason: SyntaxFault): void {
    this.leave()?.fail(new HttpError(reason.status, reason.reason));
    this.#owner.rephase();
  }

  /** Nobody reads it any more. @returns who did */
  leave(): Body | undefined {
    const { body } = this;
    this.body = undefined;
    // What is still held does not count against the connection any longer.
    const rest = this.received - this.#released;
    this.#released = this.received;
    if (rest > 0) this.#owner.release(rest);
    return body;
  }

  /** A reader waits. */
  demand(): void {
    this.#owner.onDemand();
    if (this.body !== undefined) this.#giveRoom(this.body);
  }

  /** What has been read makes room for more. */
  #giveRoom(body: Body): void {
    const consumed = this.received - this.#released - body.queued;
    if (consumed <= 0) return;
    this.#released += consumed;
    this.#owner.release(consumed);
    this.#window.release(consumed);
    if (this.isComplete) return;
    const room = this.#window.update(body.queued === 0);
    if (room > 0) this.#owner.widen(room);
    this.#owner.rephase();
  }
}
