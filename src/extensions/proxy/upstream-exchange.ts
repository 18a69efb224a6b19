import type { Dispatcher } from "undici";
import { parseDecimal } from "../../base/ascii.ts";
import type { Content, SizedContent } from "../../http/content.ts";
import { Headers } from "../../http/headers.ts";
import { isOfConnection } from "./connection-fields.ts";

/** Octets that wait here before the upstream is told to pause. */
const HIGH_WATER = 64 * 1024;

/** The head of an upstream's response. */
export interface UpstreamHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
}

type Controller = Dispatcher.DispatchController;

/**
 * One request to the upstream and what comes back: undici pushes, one reader pulls, and neither outruns the other.
 *
 * waiting → open → ended, or failed from either.
 */
export class UpstreamExchange implements Dispatcher.DispatchHandler {
  /** The final response's head. Rejected when none comes. */
  readonly head: Promise<UpstreamHead>;
  /** Whether anything of a response has come. */
  hasBegun = false;
  readonly #inform: (status: number, headers: Headers) => void;
  readonly #head = Promise.withResolvers<UpstreamHead>();
  #state: "waiting" | "open" | "ended" | "failed" = "waiting";
  #controller: Controller | undefined;
  #error: Error | undefined;
  #chunks: Uint8Array[] = [];
  #queued = 0;
  #length = -1;
  #wake: (() => void) | undefined;
  #trailers: Headers | undefined;

  /** @param inform is given interim responses */
  constructor(inform: (status: number, headers: Headers) => void) {
    this.#inform = inform;
    this.head = this.#head.promise;
  }

  // ---- what undici says

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#error !== undefined) controller.abort(this.#error);
  }

  onResponseStart(controller: Controller, status: number, _fields: unknown, statusText = ""): void {
    this.hasBegun = true;
    const headers = headersOf(controller.rawHeaders);
    // RFC 9110 §15.2: a proxy passes interim responses on.
    if (status < 200) return this.#inform(status, headers);
    if (this.#state !== "waiting") return;
    this.#state = "open";
    const length = headers.get("content-length");
    if (length !== null) this.#length = parseDecimal(length);
    this.#head.resolve({ status, statusText, headers });
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#queued += chunk.length;
    if (this.#queued >= HIGH_WATER) controller.pause();
    this.#rouse();
  }

  onResponseEnd(controller: Controller): void {
    if (this.#state === "open") this.#state = "ended";
    const trailers = headersOf(controller.rawTrailers);
    if (Headers.lines(trailers).length > 0) this.#trailers = trailers;
    this.#rouse();
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#fail(error);
  }

  // ---- what the proxy asks

  /** Gives up: the connection to the upstream is destroyed, since there is no other way to stop it. */
  abort(reason: unknown): void {
    if (this.#state === "ended" || this.#state === "failed") return;
    const error = reason instanceof Error ? reason : new Error("The response is not wanted", { cause: reason });
    this.#fail(error);
    this.#controller?.abort(error);
  }

  /** The content, once the head has come. What has come whole by then is no stream. */
  content(): Content {
    if (this.#state !== "ended" || this.#trailers !== undefined) return new UpstreamContent(this, this.#length);
    const chunks = this.#chunks;
    this.#chunks = [];
    if (chunks.length === 0) return null;
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  /** The trailer section, once the content has been read. */
  get trailers(): Headers {
    return this.#trailers ?? new Headers();
  }

  /** The next piece of content, or undefined at its end. @throws what broke it off */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#chunks.length === 0) {
      if (this.#state === "ended") return undefined;
      if (this.#state === "failed") throw this.#error!;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const chunk = this.#chunks.shift()!;
    this.#queued -= chunk.length;
    if (this.#queued === 0 && this.#controller!.paused) this.#controller!.resume();
    return chunk;
  }

  #fail(error: Error): void {
    if (this.#state === "ended" || this.#state === "failed") return;
    this.#state = "failed";
    this.#error = error;
    this.#head.reject(error);
    this.#rouse();
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** Content as it comes from the upstream. */
class UpstreamContent implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #exchange: UpstreamExchange;
  /** As of {@link SizedContent}; undefined when the upstream does not say. */
  readonly length: number | undefined;

  constructor(exchange: UpstreamExchange, length: number) {
    this.#exchange = exchange;
    this.length = length < 0 ? undefined : length;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const value = await this.#exchange.read();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.close();
    return { done: true, value: undefined };
  }

  close: NonNullable<SizedContent["close"]> = () => {
    this.#exchange.abort(new Error("Nobody reads the response"));
  };
}

/** The fields of a response that go on from here, line by line. @throws TypeError when one cannot be sent */
function headersOf(raw: Controller["rawHeaders"]): Headers {
  const headers = new Headers();
  if (!Array.isArray(raw)) return headers;
  for (let at = 0; at < raw.length; at += 2) headers.append(latin1(raw[at]!), latin1(raw[at + 1]!));
  const connection = headers.get("connection") ?? undefined;
  const lines = Headers.lines(headers);
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at]!;
    // RFC 9112 §6.3: what frames the message cannot be taken away by naming it.
    if (name === "content-length" || !isOfConnection(name, connection)) kept.push(name, lines[at + 1]!);
  }
  return kept.length === lines.length ? headers : Headers.fromChecked(kept);
}

function latin1(octets: Buffer | string): string {
  return typeof octets === "string" ? octets : octets.toString("latin1");
}
