import type { MaybePromise } from "../base/maybe-promise.ts";
import { parseDateIgnoringCase } from "../fields/expires.ts";
import { formatHttpDate } from "../fields/http-date.ts";
import type { Validators } from "../fields/preconditions.ts";
import { parseTokenList } from "../fields/token-list.ts";
import type { Content } from "../http/content.ts";
import { Headers } from "../http/headers.ts";
import { KeptResponse } from "../http/kept-response.ts";
import type { Representation } from "../http/representation.ts";
import type { Request } from "../http/request.ts";
import type { ServerCache } from "../http/cache-preference.ts";
import { Response } from "../http/response.ts";
import { isNullBodyStatus } from "../http/status.ts";
import { Capture } from "./capture.ts";
import { Selecting } from "./selecting.ts";
import type { Plan } from "./storing.ts";
import type { SearchRule } from "./variants.ts";

/** Octets that a stored response takes beside its content and fields. */
const OVERHEAD = 512;

/** Text up to this length is kept as text: it is sent in one piece with its head. */
const TEXT_LIMIT = 16 * 1024;

/** What Cache-Status says of a response that came from the store. RFC 9211 §2.1 */
export const HIT = "millrace; hit";

/** What a stored response asks of the cache it is in. */
export interface Keeper {
  /** Charges it with more octets: false when it is not stored any more, or they do not fit. 0 only asks. */
  grow(stored: StoredResponse, octets: number): boolean;
}

/** A response as the cache keeps it, and how long it may be used. Times are monotonic milliseconds. */
export class StoredResponse implements Representation {
  readonly status: number;
  /** Without connection-specific fields and Age. */
  headers: Headers;
  readonly selecting: Selecting;
  readonly key: string;
  readonly tags: readonly string[];
  readonly preference: Exclude<ServerCache, "none">;
  /** Beside the header section, since it depends on the moment. */
  #content: string | Uint8Array | Capture;
  /** What it was made from, and goes with. */
  readonly #source: Representation | undefined;
  readonly #keeper: Keeper;
  readonly #compress: boolean | undefined;
  plan: Plan;
  /** When its age was 0. */
  born: number;
  freshUntil: number;
  /** How the queries of its path are told apart. */
  search: SearchRule | undefined;
  /** A request is on its way to the origin to validate it. */
  isRefreshing = false;
  readonly codings: Map<string, Uint8Array> = new Map();
  /** Octets kept with it beside its own: content in other codings. */
  grown = 0;
  #kept: KeptResponse | undefined;
  #keptSecond = -1;

  constructor(
    key: string,
    request: Request,
    response: Response,
    content: string | Uint8Array | Capture,
    plan: Plan,
    preference: Exclude<ServerCache, "none">,
    now: number,
    keeper: Keeper,
  ) {
    this.preference = preference;
    this.key = key;
    this.status = response.status;
    this.headers = storedHeaders(response.headers, plan);
    this.tags = response.tags ?? [];
    this.#compress = response.compress;
    this.selecting = new Selecting(plan.vary, request);
    this.#content = typeof content === "string" ? compact(content) : content;
    this.#source = Response.parts.representation(response);
    this.#keeper = keeper;
    this.plan = plan;
    this.born = now - plan.age;
    this.freshUntil = this.born + plan.lifetime;
  }

  // ---- as a representation

  get isCurrent(): boolean {
    return this.#source === undefined || this.#source.isCurrent;
  }

  get file(): string | undefined {
    return this.#source?.file;
  }

  grow(octets: number): boolean {
    return this.#keeper.grow(this, octets);
  }

  precoded(coding: string): MaybePromise<Content | undefined> {
    return this.#source?.precoded?.(coding);
  }

  whole(): Uint8Array {
    const content = this.#content;
    if (content instanceof Capture) throw new TypeError("The content has not come yet");
    return typeof content === "string" ? Buffer.from(content) : content;
  }

  /** The content on its way, until it is complete. */
  get capture(): Capture | undefined {
    return this.#content instanceof Capture ? this.#content : undefined;
  }

  /** All of the content has come. */
  complete(content: Uint8Array): void {
    this.#content = content;
  }

  /** Octets that it is charged with. */
  get bytes(): number {
    const octets = this.#content instanceof Capture ? 0 : this.#content.length;
    // Small content is rendered into a head: it is there twice.
    let bytes = OVERHEAD + this.key.length * 2 + this.grown + (octets <= TEXT_LIMIT ? octets * 2 : octets);
    for (const text of Headers.lines(this.headers)) bytes += text.length + 16;
    return bytes;
  }

  // ---- as a response

  /** Octets of content, or -1 while they are still coming. */
  get length(): number {
    return this.#content.length;
  }

  /** Milliseconds since the origin made or validated it. */
  age(now: number): number {
    return Math.max(0, now - this.born);
  }

  /** The response for one more request. */
  again(now: number): Response {
    const second = this.plan.isForeign ? Math.floor(this.age(now) / 1000) : 0;
    if (this.#kept === undefined || second !== this.#keptSecond) {
      this.#keptSecond = second;
      const response = this.#make(now, HIT + this.#ttl(now));
      Response.parts.represent(response, this);
      this.#kept = new KeptResponse(response);
    }
    return this.#kept.again();
  }

  /** The response with another word for how the cache came to it. */
  as(now: number, cacheStatus: string): Response {
    const response = this.#make(now, cacheStatus);
    if (this.capture === undefined) Response.parts.represent(response, this);
    return response;
  }

  #make(now: number, cacheStatus: string): Response {
    const content = this.#content;
    const headers = this.headersFor(now, cacheStatus);
    const body = content instanceof Capture ? content.reader() : content;
    const init = { status: this.status, headers };
    const response = Response.of(isNullBodyStatus(this.status) ? null : body, undefined, init);
    response.compress = this.#compress;
    return response;
  }

  /** The header section for one more request. */
  headersFor(now: number, cacheStatus: string): Headers {
    const headers = new Headers(this.headers);
    // RFC 9111 §5.1; what our own handlers gave is theirs to date anew.
    if (this.plan.isForeign) headers.set("age", String(Math.floor(this.age(now) / 1000)));
    headers.append("cache-status", cacheStatus);
    return headers;
  }

  /** RFC 9211 §2.4 */
  #ttl(now: number): string {
    return this.plan.isForeign ? `; ttl=${Math.floor((this.freshUntil - now) / 1000)}` : "";
  }

  /** What preconditions are evaluated against. */
  get validators(): Validators {
    const { headers } = this;
    // RFC 9111 §4.3.2: without Last-Modified, a cache compares with Date.
    const modified = headers.get("last-modified") ?? (this.plan.isForeign ? headers.get("date") : null);
    const lastModified = modified === null ? Number.NaN : parseDateIgnoringCase(modified);
    return {
      etag: headers.get("etag") ?? undefined,
      lastModified: Number.isNaN(lastModified) ? undefined : lastModified,
    };
  }

  /** The header section with the fields of a response that updates it. RFC 9111 §3.2. */
  merge(response: Response): Headers {
    const merged = new Headers(this.headers);
    const lines = Headers.lines(response.headers);
    const seen = new Set<string>();
    for (let at = 0; at < lines.length; at += 2) {
      const name = lines[at]!;
      if (OF_CONTENT.has(name)) continue;
      if (seen.has(name)) merged.append(name, lines[at + 1]!);
      else merged.set(name, lines[at + 1]!);
      seen.add(name);
    }
    return merged;
  }

  /** Whether the response to HEAD is of the same representation. RFC 9111 §4.3.5. */
  isDescribedBy({ headers }: Response): boolean {
    const length = headers.get("content-length");
    return (
      (length === null || length === String(this.length)) &&
      ["etag", "last-modified"].every((name) => !headers.has(name) || headers.get(name) === this.headers.get(name))
    );
  }

  /** Validated: has the merged fields and may be used again. RFC 9111 §4.3.4. */
  freshen(merged: Headers, plan: Plan, now: number): void {
    this.headers = storedHeaders(merged, plan);
    this.#kept = undefined;
    this.plan = plan;
    this.born = now - plan.age;
    this.freshUntil = this.born + plan.lifetime;
  }

  /** Is to be validated before it is used again. */
  expire(now: number): void {
    this.freshUntil = Math.min(this.freshUntil, now);
  }
}

/**
 * RFC 9111 §3.2, §4.3.4: they tell of the content that is stored. An origin that says 304 and another entity tag must not
 * have old content pass for new.
 */
const OF_CONTENT = new Set([
  "content-digest",
  "content-encoding",
  "content-length",
  "content-md5",
  "content-range",
  "etag",
  "repr-digest",
]);

/** RFC 9111 §3.1: fields for one connection, for a proxy, and those that the response itself excepts. */
function storedHeaders(headers: Headers, plan: Plan): Headers {
  const stored = new Headers(headers);
  for (const name of CONNECTION_FIELDS) stored.delete(name);
  for (const name of plan.dropped) stored.delete(name);
  for (const name of parseTokenList(headers.get("connection") ?? "") ?? []) stored.delete(name);
  // RFC 9110 §6.6.1: what comes without Date has that of its coming. Our own responses are dated when they are sent.
  if (!plan.isForeign) stored.delete("date");
  else if (!headers.has("date")) stored.set("date", formatHttpDate(plan.came));
  return stored;
}

const CONNECTION_FIELDS = [
  "age",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
];

function compact(text: string): string | Uint8Array {
  const octets = Buffer.byteLength(text);
  if (octets === text.length && octets <= TEXT_LIMIT) return text;
  const bytes = Buffer.allocUnsafeSlow(octets);
  bytes.write(text);
  return bytes;
}
