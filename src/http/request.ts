import { isPromise, type MaybePromise } from "../base/maybe-promise.ts";
import { hasConditions } from "../fields/preconditions.ts";
import { parseQuery, type Query } from "../fields/query.ts";
import type { ClientCertificate } from "../tls/client-certificate.ts";
import { Body } from "./body.ts";
import { type Channel, NO_CHANNEL, type Peer, type Protocol } from "./channel.ts";
import { bodyOf, bytesOf, type Content, isTaken, streamOf, teeOf, textOf } from "./content.ts";
import { findField } from "./field-text.ts";
import { nativeFormData } from "./form-data.ts";
import { Headers } from "./headers.ts";
import { HttpError } from "./http-error.ts";
import { runInTurn } from "./run-in-turn.ts";
import { type RequestInit, standardParts } from "./standard-request.ts";

/** Values that layers leave for each other. Extend it by declaration merging. */
export interface RequestState {}

/** What a route's pattern captures when nothing more is known. */
export type AnyParams = Readonly<Record<string, string>>;

const NO_PARAMS: AnyParams = Object.freeze(Object.create(null) as Record<string, string>);
const CODEC: unique symbol = Symbol("made by a session");

/**
 * A request: the surface of the Fetch standard's `Request` and what a server knows beside it.
 *
 * No `URL`, `Headers`, `ReadableStream` or `AbortController` exists until somebody touches it.
 * `instanceof globalThis.Request` holds. A handler may keep a request after it has answered: nothing in it belongs to
 * the session.
 */
export class Request<Params = AnyParams> {
  readonly method: string;
  /** The canonical path: decoded once, no dot segments, no empty segments. Every rule sees this one. */
  path: string;
  /** What the route's pattern captured. */
  params: Params;
  /** The target as sent (of absolute-form only path and query). */
  readonly target: string;
  /** Whether there is Range or a precondition: without them a response can be sent as it is kept. */
  readonly isConditional: boolean;
  #search: string;
  #authority: string;
  #channel: Channel;
  #fields: string | Headers;
  #content: Content;
  #used: boolean;
  #query: Query | undefined;
  #state: RequestState | undefined;
  #controller: AbortController | undefined;
  #reason: unknown;
  /** How many wait for the answer beside the client itself. */
  #held: number;
  /** Why the client is gone, while others still wait. */
  #deferred: unknown;
  #cleanups: (() => MaybePromise<void>)[] | undefined;
  #sent: number;
  /** The request that this one shows under a prefix or with another target; everything else is the other's. */
  #outer: Request<unknown> | undefined;

  /** @throws TypeError when the URL or the method is invalid. */
  constructor(input: string | URL | Request<unknown> | globalThis.Request, init?: RequestInit);
  /** @internal */
  constructor(
    channel: Channel,
    mark: typeof CODEC,
    method: string,
    target: string,
    path: string,
    search: string,
    authority: string,
    fields: string | Headers,
    content: Content,
    isConditional: boolean,
  );
  constructor(
    input: Channel | string | URL | Request<unknown> | globalThis.Request,
    init?: RequestInit | typeof CODEC,
    method: string = "GET",
    target: string = "/",
    path: string = "/",
    search: string = "",
    authority: string = "",
    fields: string | Headers = "",
    content: Content = null,
    isConditional = false,
  ) {
    this.method = method;
    this.path = path;
    this.params = NO_PARAMS as Params;
    this.target = target;
    this.isConditional = isConditional;
    this.#search = search;
    this.#authority = authority;
    this.#channel = NO_CHANNEL;
    this.#fields = fields;
    this.#content = content;
    this.#used = false;
    this.#query = undefined;
    this.#state = undefined;
    this.#controller = undefined;
    this.#reason = undefined;
    this.#held = 0;
    this.#deferred = undefined;
    this.#cleanups = undefined;
    this.#sent = 0;
    this.#outer = undefined;
    if (init === CODEC) this.#channel = input as Channel;
    else this.#standard(input as string | URL | Request<unknown> | globalThis.Request, init ?? {});
  }

  /** The Fetch standard's constructor. */
  #standard(input: string | URL | Request<unknown> | globalThis.Request, init: RequestInit): void {
    const { method, target, path, search, authority, isSecure, headers, content, signal } = standardParts(input, init);
    const mine = this as { -readonly [Key in keyof this]: this[Key] };
    mine.method = method;
    mine.target = target;
    mine.isConditional = hasConditions(headers);
    this.path = path;
    this.#search = search;
    this.#authority = authority;
    if (isSecure) this.#channel = SECURE_CHANNEL;
    this.#fields = headers;
    this.#content = content;
    if (signal?.aborted === true) this.#reason = signal.reason;
    else signal?.addEventListener("abort", () => Request.abort(this, signal.reason), { once: true });
  }

  /** The header section. */
  get headers(): Headers {
    const fields = this.#fields;
    if (typeof fields !== "string") return fields;
    const headers = Headers.fromText(fields);
    this.#fields = headers;
    return headers;
  }

  /** The whole URL, made from scheme, authority and target. */
  get url(): string {
    const base = `${this.secure ? "https" : "http"}://${this.#authority || "localhost"}`;
    if (this.target === "*") return base;
    const simple = this.target.startsWith(this.path) && !NEEDS_PARSER.test(this.target);
    return simple ? base + this.target : new URL(base + this.target).href;
  }

  /**
   * The canonical path of the whole target, however many mounts have taken their prefix off `path`. Where a prime has put
   * another target in its place, it is that of the other.
   */
  get fullPath(): string {
    return this.#outer === undefined ? this.path : this.#outer.fullPath;
  }

  /** The query, duplicate-safe. Parsed on first use. */
  get query(): Query {
    return (this.#query ??= parseQuery(this.#search));
  }

  /** The query as sent, without `?`; empty when there is none. */
  get search(): string {
    return this.#search;
  }

  /** The authority in lower case: Host or `:authority`, port included; empty when an HTTP/1.0 client sent none. */
  get host(): string {
    return this.#authority;
  }

  /** The version spoken: `http/1.0`, `http/1.1`, `h2` or `h3`. */
  get protocol(): Protocol {
    return this.#channel.protocol;
  }

  /** The client's address; the empty string on a unix socket. */
  get remoteAddress(): string {
    return this.#channel.peer.remoteAddress;
  }

  /** The client's port, or 0. */
  get remotePort(): number {
    return this.#channel.peer.remotePort;
  }

  /** Whether the client's connection is encrypted. */
  get secure(): boolean {
    return this.#channel.peer.secure;
  }

  /**
   * The certificate that the client has shown: only where the option `clientCertificate` asks for it, and only one that
   * an authority which the server trusts has signed.
   */
  get client(): ClientCertificate | undefined {
    return this.#channel.peer.client;
  }

  /** A bag for values that layers leave for each other. */
  get state(): RequestState {
    return (this.#state ??= this.#outer?.state ?? {});
  }

  /** Aborts when the client is gone or a deadline passes before the response is complete; never after success. */
  get signal(): AbortSignal {
    if (this.#outer !== undefined) return this.#outer.signal;
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /**
   * Queues work for the end of this exchange: run once, in order, however it ends.
   *
   * Called after the end, it runs at once.
   */
  onEnd(work: () => MaybePromise<void>): void {
    if (this.#outer !== undefined) this.#outer.onEnd(work);
    else if (this.#cleanups === ENDED) runInTurn([work]);
    else (this.#cleanups ??= []).push(work);
  }

  /**
   * Sends 103 (Early Hints) before the response. RFC 8297. Clients of HTTP/1.0 get nothing.
   *
   * @param links values of Link fields, such as `</style.css>; rel=preload; as=style`
   */
  earlyHints(links: readonly string[]): void {
    const headers = new Headers();
    for (const link of links) headers.append("link", link);
    Request.inform(this, 103, headers);
  }

  /** The content as a stream, or null when there is none. */
  get body(): ReadableStream<Uint8Array> | null {
    const stream = streamOf(this.#content);
    if (stream !== this.#content) this.#content = stream;
    return stream;
  }

  /** Whether the content has been taken. */
  get bodyUsed(): boolean {
    return this.#used || isTaken(this.#content) || this.#outer?.bodyUsed === true;
  }

  #take(): Content {
    if (this.bodyUsed) throw new TypeError("The content of this request has already been read");
    if (this.#content !== null) this.#markUsed();
    return this.#content;
  }

  #markUsed(): void {
    this.#used = true;
    if (this.#outer !== undefined) this.#outer.#markUsed();
  }

  /** The content piece by piece as it arrives, without the cost of a stream. Leaving the loop early stops reading. */
  chunks(): AsyncIterable<Uint8Array> {
    const content = this.#take();
    return content instanceof Body ? content : (streamOf(content) ?? new Blob().stream());
  }

  /** The content as text. @throws HttpError 413 above the server's limit for buffered content (1 MiB). */
  async text(): Promise<string> {
    return textOf(this.#take(), this.#channel.bufferedLimit);
  }

  /** The content parsed as JSON. @throws HttpError 413; 400 when it is not JSON. */
  async json<T = unknown>(): Promise<T> {
    const text = textOf(this.#take(), this.#channel.bufferedLimit);
    const json = isPromise(text) ? await text : text;
    try {
      return JSON.parse(json) as T;
    } catch (cause) {
      throw new HttpError(400, { detail: "The content is not valid JSON", cause });
    }
  }

  /** The content as octets. @throws HttpError 413 above the server's limit for buffered content (1 MiB). */
  async bytes(): Promise<Uint8Array> {
    return bytesOf(this.#take(), this.#channel.bufferedLimit);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return Uint8Array.from(await this.bytes()).buffer;
  }

  async blob(): Promise<Blob> {
    return new Blob([Uint8Array.from(await this.bytes())], { type: this.headers.get("content-type") ?? "" });
  }

  /** The content as a form, buffered; for uploads of any size see `multipart()`. @throws HttpError 413; 400 when it is none. */
  async formData(): Promise<FormData> {
    const bytes = await this.bytes();
    try {
      return await nativeFormData(bytes, this.headers.get("content-type"));
    } catch (cause) {
      throw new HttpError(400, { detail: "The content is not a form", cause });
    }
  }

  /** The trailer section, once the content has been read; undefined when there is none. */
  get trailers(): Promise<Headers | undefined> {
    return bodyOf(this.#content)?.whenTrailers() ?? Promise.resolve(undefined);
  }

  /** A second request with the same content (teed). @throws TypeError when the content is used. */
  clone(): Request<Params> {
    if (this.bodyUsed) throw new TypeError("A request whose content has been read cannot be cloned");
    const [mine, theirs] = teeOf(this.#content);
    this.#content = mine;
    const copy = Request.make(
      this.#channel,
      this.method,
      this.target,
      this.path,
      this.#search,
      this.#authority,
      new Headers(this.headers),
      theirs,
      this.isConditional,
    ) as Request<Params>;
    copy.params = this.params;
    return copy;
  }

  // What the Fetch standard's Request has and a server has no use for.
  get cache(): string {
    return "default";
  }
  get credentials(): string {
    return "same-origin";
  }
  get destination(): string {
    return "";
  }
  get duplex(): "half" {
    return "half";
  }
  get integrity(): string {
    return "";
  }
  get isHistoryNavigation(): boolean {
    return false;
  }
  get isReloadNavigation(): boolean {
    return false;
  }
  get keepalive(): boolean {
    return false;
  }
  get mode(): string {
    return "cors";
  }
  get redirect(): string {
    return "follow";
  }
  get referrer(): string {
    return this.headers.get("referer") ?? "about:client";
  }
  get referrerPolicy(): string {
    return "";
  }

  get [Symbol.toStringTag](): string {
    return "Request";
  }

  /** @internal A request that a session has read. */
  static make(
    channel: Channel,
    method: string,
    target: string,
    path: string,
    search: string,
    authority: string,
    fields: string | Headers,
    content: Content,
    isConditional: boolean,
  ): Request {
    return new Request(channel, CODEC, method, target, path, search, authority, fields, content, isConditional);
  }

  /**
   * @internal The same exchange as it looks to what is mounted under a prefix: with the rest of the path, and, for who
   * reads the URL, of the target.
   */
  static under(request: Request, path: string, target: string): Request {
    const mounted = new Request(
      request.#channel,
      CODEC,
      request.method,
      target,
      path,
      request.#search,
      request.#authority,
      request.#fields,
      request.#content,
      request.isConditional,
    );
    mounted.params = request.params;
    mounted.#outer = request;
    return mounted;
  }

  /**
   * @internal The same target asked for with other header fields.
   *
   * @param detached whether it is an exchange of its own, which outlives the one that it was made in: its signal never
   *   aborts by itself, and `Request.end` is to be called for it
   */
  static derive(request: Request, headers: Headers, detached: boolean): Request {
    const derived = Request.make(
      request.#channel,
      request.method,
      request.target,
      request.path,
      request.#search,
      request.#authority,
      headers,
      null,
      hasConditions(headers),
    );
    derived.params = request.params;
    if (!detached) derived.#outer = request;
    return derived;
  }

  /** @internal The same exchange with another target: see `rewrite()`. */
  static rewritten(request: Request, path: string, target: string, search: string): Request {
    const rewritten = new RewrittenRequest(
      request.#channel,
      CODEC,
      request.method,
      target,
      path,
      search,
      request.#authority,
      request.#fields,
      request.#content,
      request.isConditional,
    );
    rewritten.#outer = request;
    return rewritten;
  }

  /** @internal Sends an interim (1xx) response if the request is still unanswered and its client understands it. */
  static inform(request: Request<unknown>, status: number, headers: Headers): void {
    let received = request;
    while (received.#outer !== undefined) received = received.#outer;
    request.#channel.inform(received as Request, status, headers);
  }

  /** @internal Who is at the other end of the connection. */
  static peer(request: Request<unknown>): Peer {
    return request.#channel.peer;
  }

  /** @internal The client is gone or a deadline has passed. */
  static abort(request: Request<unknown>, reason: unknown): void {
    if (request.#cleanups === ENDED || request.#reason !== undefined) return;
    if (request.#held > 0) request.#deferred ??= reason;
    else request.#abort(reason);
  }

  #abort(reason: unknown): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /**
   * @internal Others wait for the answer too: `signal` does not abort when the client goes, as long as one of them is
   * left. Returns the function that says that one is done.
   */
  static hold(request: Request<unknown>): () => void {
    if (request.#outer !== undefined) return Request.hold(request.#outer);
    request.#held++;
    let isDone = false;
    return () => {
      if (isDone) return;
      isDone = true;
      request.#held--;
      if (request.#held === 0 && request.#deferred !== undefined) request.#abort(request.#deferred);
    };
  }

  /** @internal Octets of content that were sent in answer, once the exchange is over. */
  static sent(request: Request<unknown>): number {
    return request.#outer === undefined ? request.#sent : Request.sent(request.#outer);
  }

  /** @internal Whether the client went away or a deadline passed before the response was complete. */
  static isAborted(request: Request<unknown>): boolean {
    if (request.#outer !== undefined) return Request.isAborted(request.#outer);
    return request.#reason !== undefined || request.#deferred !== undefined;
  }

  /** @internal Whether the signal has aborted: nobody waits for the answer. */
  static isForsaken(request: Request<unknown>): boolean {
    return request.#outer === undefined ? request.#reason !== undefined : Request.isForsaken(request.#outer);
  }

  /** @internal The first line of one field, without making the others: for logs. */
  static field(request: Request<unknown>, name: string): string | null {
    const fields = request.#fields;
    return typeof fields === "string" ? findField(fields, name, false) : fields.get(name);
  }

  /** @internal All lines of one field, joined, without making the others: what chooses among stored responses. */
  static combined(request: Request<unknown>, name: string): string | null {
    const fields = request.#fields;
    return typeof fields === "string" ? findField(fields, name, true) : fields.get(name);
  }

  /** @internal The exchange is over: runs what `onEnd` queued. Rejected work is reported to `onError`. */
  static end(request: Request<unknown>, sent: number, onError?: (error: unknown) => void): void {
    const cleanups = request.#cleanups;
    if (cleanups === ENDED) return;
    request.#cleanups = ENDED;
    request.#sent = sent;
    if (cleanups !== undefined) runInTurn(cleanups, onError);
  }

  /** @internal The content as held. */
  static content(request: Request<unknown>): Content {
    return request.#content;
  }
}

/** A request whose target is another than the one that came: nothing inside asks for the other. */
class RewrittenRequest extends Request {
  override get fullPath(): string {
    return this.path;
  }
}

const ENDED: (() => MaybePromise<void>)[] = [];
const SECURE_CHANNEL: Channel = { ...NO_CHANNEL, peer: { ...NO_CHANNEL.peer, secure: true } };

/** Characters that the URL standard would write otherwise than they came. */
const NEEDS_PARSER = /["<>^`{}|\\']/;
