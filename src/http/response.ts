import {
  bytesOf,
  type Content,
  type ContentInit,
  contentOf,
  isTaken,
  isStreamed,
  streamOf,
  teeOf,
  textOf,
} from "./content.ts";
import { cacheControlOf, type ClientCache, type ServerCache } from "./cache-preference.ts";
import type { DefaultFields } from "./default-fields.ts";
import { nativeFormData } from "./form-data.ts";
import { Headers, type HeadersInit } from "./headers.ts";
import type { KeptResponse } from "./kept-response.ts";
import type { Representation } from "./representation.ts";
import type { Upgrade } from "./upgrade.ts";

/** What a response is made with, beside its content. */
export interface ResponseInit {
  /** 200 to 599; 200 by default. */
  status?: number;
  /** Reason phrase; HTTP/1.1 sends the standard phrase when it is empty, other versions have none. */
  statusText?: string;
  headers?: HeadersInit;
  /**
   * Gives the trailer section, once the content has been handed over. Sent where there is content and the client says
   * `TE: trailers`, whether the content is streamed or not; to clients of HTTP/1.1 it goes in chunks for that, without
   * Content-Length. What it throws cuts the response off. RFC 9110 §6.5.
   */
  trailers?: () => HeadersInit | Promise<HeadersInit>;
}

/** Gives a trailer section. */
export type Trailers = NonNullable<ResponseInit["trailers"]>;

/**
 * A response: the surface of the Fetch standard's `Response`, with every expensive part made on first use.
 *
 * `instanceof globalThis.Response` holds.
 *
 * @example
 * return new Response("hello", { status: 200, headers: { "content-type": "text/plain" } });
 */
export class Response {
  /** The status code. */
  readonly status: number;
  /** The reason phrase given, or the empty string. */
  readonly statusText: string;
  #headers: Headers | undefined;
  /** Stands for a header section with nothing but this Content-Type until `headers` is touched. */
  #type: string | undefined;
  #content: Content;
  #used = false;
  #trailers: Trailers | undefined;
  /** Who takes the connection, or instead of an answer the milliseconds for which the client is dropped. */
  #upgrade: Upgrade | number | undefined;
  /** Where the header section is as long as nobody touches it here. */
  #kept: KeptResponse | undefined;
  /** Sent beside the header section, and put into it when somebody touches it. */
  #defaults: DefaultFields | undefined;
  #representation: Representation | undefined;

  /** How the server's cache may keep this response. Handlers say; undefined is `"none"`. */
  serverCache: ServerCache | undefined;
  /** Names that the stored response can be purged by. */
  tags: readonly string[] | undefined;
  /** Whether the content may be coded (br, zstd, gzip). Undefined: as media type and length suggest. */
  compress: boolean | undefined;

  /** @throws RangeError when the status is not an integer from 200 to 599 (or 101 with an upgrade). */
  constructor(body?: ContentInit, init?: ResponseInit) {
    this.#content = null;
    this.#type = undefined;
    this.status = 200;
    this.statusText = "";
    this.#defaults = undefined;
    this.#representation = undefined;
    this.serverCache = undefined;
    this.tags = undefined;
    this.compress = undefined;
    if (body !== null && body !== undefined) {
      const { content, type } = contentOf(body);
      this.#content = content;
      this.#type = type;
    }
    if (init === undefined) return;
    if (init.status !== undefined) {
      if (!(init.status >= 200 && init.status <= 599 && Number.isInteger(init.status))) {
        throw new RangeError(`A response has a status from 200 to 599, got ${init.status}`);
      }
      this.status = init.status;
    }
    if (init.statusText !== undefined) this.statusText = checkedPhrase(init.statusText);
    if (init.headers !== undefined) {
      const headers = new Headers(init.headers);
      const type = this.#type;
      if (type !== undefined && !headers.has("content-type")) headers.append("content-type", type);
      this.#headers = headers;
      this.#type = undefined;
    }
    this.#trailers = init.trailers;
  }

  /** The header section. */
  get headers(): Headers {
    let headers = this.#headers;
    if (headers === undefined && this.#kept !== undefined) {
      headers = new Headers(this.#kept.headers);
      this.#headers = headers;
      this.#kept = undefined;
    } else if (headers === undefined) {
      headers = this.#type === undefined ? new Headers() : Headers.fromChecked(["content-type", this.#type]);
      this.#headers = headers;
      this.#type = undefined;
    }
    if (this.#defaults !== undefined) {
      const { lines } = this.#defaults;
      this.#defaults = undefined;
      for (let at = 0; at < lines.length; at += 2)
        if (!headers.has(lines[at]!)) headers.append(lines[at]!, lines[at + 1]!);
    }
    return headers;
  }

  /** Gives the response fields unless it has them itself. Costs next to nothing as long as nobody touches `headers`. */
  defaultTo(fields: DefaultFields): void {
    this.#defaults = this.#defaults === undefined ? fields : this.#defaults.and(fields);
  }

  /** Says how clients may keep this response: sets Cache-Control. */
  set clientCache(preference: ClientCache) {
    this.headers.set("cache-control", cacheControlOf(preference));
  }

  /** Whether the status is 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get type(): string {
    return "default";
  }

  get url(): string {
    return "";
  }

  get redirected(): boolean {
    return false;
  }

  /** The content as a stream, or null. */
  get body(): ReadableStream<Uint8Array> | null {
    const stream = streamOf(this.#content);
    this.#content = stream;
    return stream;
  }

  /** Whether the content has been taken. */
  get bodyUsed(): boolean {
    return this.#used || isTaken(this.#content);
  }

  #take(): Content {
    if (this.bodyUsed) throw new TypeError("The content of this response has already been read");
    if (this.#content !== null) this.#used = true;
    return this.#content;
  }

  async text(): Promise<string> {
    return textOf(this.#take());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await textOf(this.#take()));
  }

  async bytes(): Promise<Uint8Array> {
    return bytesOf(this.#take());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return Uint8Array.from(await bytesOf(this.#take())).buffer;
  }

  async blob(): Promise<Blob> {
    return new Blob([Uint8Array.from(await bytesOf(this.#take()))], { type: this.headers.get("content-type") ?? "" });
  }

  async formData(): Promise<FormData> {
    return nativeFormData(await bytesOf(this.#take()), this.headers.get("content-type"));
  }

  /** A second response with the same content; a stream is teed. @throws TypeError when the content is used. */
  clone(): Response {
    if (this.bodyUsed) throw new TypeError("A response whose content has been read cannot be cloned");
    const [mine, theirs] = teeOf(this.#content);
    this.#content = mine;
    const copy = new Response(null, { status: this.status, statusText: this.statusText, headers: this.headers });
    copy.#content = theirs;
    copy.#trailers = this.#trailers;
    copy.#representation = this.#representation;
    copy.serverCache = this.serverCache;
    copy.tags = this.tags;
    copy.compress = this.compress;
    return copy;
  }

  get [Symbol.toStringTag](): string {
    return "Response";
  }

  /** A JSON response. @throws TypeError when `value` has no JSON form. */
  static json(value: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError("The value has no JSON form");
    return Response.of(text, "application/json", init);
  }

  /** A redirect; 302 by default. @throws RangeError when the status is not 301, 302, 303, 307 or 308. */
  static redirect(url: string | URL, status = 302): Response {
    if (![301, 302, 303, 307, 308].includes(status)) throw new RangeError(`${status} is no redirect status`);
    return new Response(null, { status, headers: { location: String(url) } });
  }

  /** A network error, as the Fetch standard has it: sent as 500. */
  static error(): Response {
    return new Response(null, { status: 500 });
  }

  /** @internal A response from content whose Content-Type is known; `init.headers` may still change it. */
  static of(content: Content, type: string | undefined, init?: ResponseInit): Response {
    const response = new Response(null, init);
    response.#content = content;
    if (response.#headers === undefined) response.#type = type;
    else if (type !== undefined && !response.#headers.has("content-type")) {
      response.#headers.append("content-type", type);
    }
    return response;
  }

  /** @internal A response that is `kept` until somebody changes it. See {@link KeptResponse}. */
  static again(kept: KeptResponse, status: number, content: Content): Response {
    const response = new Response();
    (response as { status: number }).status = status;
    response.#content = content;
    response.#kept = kept;
    response.#representation = kept.representation;
    response.compress = kept.compress;
    return response;
  }

  /** @internal 101 (Switching Protocols): the connection goes to `upgrade` once the head is written. */
  static switching(upgrade: Upgrade, headers: HeadersInit): Response {
    const response = new Response(null, { headers });
    (response as { status: number }).status = 101;
    response.#upgrade = upgrade;
    return response;
  }

  /**
   * @internal In place of an answer: the session ends the connection, and for so many milliseconds none of the client's
   * address is let in. Where there is no connection, it is an answer without content; logs see its status.
   */
  static unanswered(status: number, milliseconds: number): Response {
    const response = new Response(null, { status });
    response.#upgrade = milliseconds;
    return response;
  }

  /** @internal The value of a field, without touching a header section that nobody has touched. @param name in lower case */
  static field(response: Response, name: string): string | null {
    const headers = response.#kept?.headers ?? response.#headers;
    const value = headers === undefined && name === "content-type" ? response.#type : headers?.get(name);
    return value ?? response.#defaults?.get(name) ?? null;
  }

  /** @internal What a session needs to send a response; friends of this class only. */
  static parts: ResponseParts = {
    content: (response) => response.#content,
    replaceContent: (response, content) => {
      response.#content = content;
      // Touching the header section leaves what is kept, whose content this no longer is.
      void response.headers;
      response.#representation = undefined;
    },
    type: (response) => response.#type,
    lines: (response) => (response.#headers === undefined ? undefined : Headers.lines(response.#headers)),
    kept: (response) => response.#kept,
    defaults: (response) => response.#defaults,
    representation: (response) => response.#representation,
    represent: (response, representation) => {
      response.#representation = representation;
    },
    restore: (response, lines, type, kept, defaults) => {
      response.#headers = lines === undefined ? undefined : Headers.fromChecked(lines);
      response.#type = type;
      response.#kept = kept;
      response.#defaults = defaults;
    },
    trailers: (response) => response.#trailers,
    upgrade: (response) => response.#upgrade,
    take: (response) => {
      if (response.#used || (isStreamed(response.#content) && isTaken(response.#content))) {
        throw new TypeError("The content of this response has already been read");
      }
      response.#used = isStreamed(response.#content);
      return response.#content;
    },
  };
}

/** @internal */
export interface ResponseParts {
  /** The content as held. */
  content(response: Response): Content;
  replaceContent(response: Response, content: Content): void;
  /** The Content-Type of a response whose `headers` nobody has touched. */
  type(response: Response): string | undefined;
  /** Header lines (name, value, …), or undefined when nobody has touched `headers`. */
  lines(response: Response): readonly string[] | undefined;
  /** What the response was made from by {@link KeptResponse.again} and still equals. */
  kept(response: Response): KeptResponse | undefined;
  /** Fields to send beside the header lines, unless these have them. */
  defaults(response: Response): DefaultFields | undefined;
  /** What the content was taken from and that outlives it. */
  representation(response: Response): Representation | undefined;
  represent(response: Response, representation: Representation | undefined): void;
  /** Puts the header section back to what the other parts said of it. */
  restore(
    response: Response,
    lines: string[] | undefined,
    type: string | undefined,
    kept: KeptResponse | undefined,
    defaults: DefaultFields | undefined,
  ): void;
  trailers(response: Response): Trailers | undefined;
  /** Who takes the connection, or the milliseconds of {@link Response.unanswered}. */
  upgrade(response: Response): Upgrade | number | undefined;
  /** The content for sending: a stream only once. @throws TypeError when it was read before. */
  take(response: Response): Content;
}

function checkedPhrase(phrase: string): string {
  for (let index = 0; index < phrase.length; index++) {
    const code = phrase.charCodeAt(index);
    // RFC 9112 §4: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) {
      throw new TypeError(`A reason phrase holds no control characters: ${JSON.stringify(phrase)}`);
    }
  }
  return phrase;
}
