import type { ContentInit } from "./content.ts";
import { isFormData, isTagged } from "./native.ts";
import { Response, type ResponseInit } from "./response.ts";
import { reasonOf } from "./status.ts";

const TEXT = "text/plain; charset=utf-8";
const HTML = "text/html; charset=utf-8";
const OCTETS = "application/octet-stream";
const EVENTS = "text/event-stream";

/** Everything that a handler may return: see {@link toResponse}. */
export type Answer = string | number | boolean | object | null;

/**
 * A response with a JSON value.
 *
 * @throws TypeError when `value` has no JSON form, such as a function
 */
export function json(value: unknown, init?: ResponseInit): Response {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`A value of type ${typeof value} has no JSON form`);
  return Response.of(text, "application/json", init);
}

/** A response with plain text in UTF-8. */
export function text(value: string, init?: ResponseInit): Response {
  return Response.of(value, TEXT, init);
}

/** A response with HTML in UTF-8. Nothing is escaped here. */
export function html(value: string | { toString(): string }, init?: ResponseInit): Response {
  return Response.of(String(value), HTML, init);
}

/** Which redirect: the method and the content go along unless `status` says otherwise. */
export interface RedirectInit extends ResponseInit {
  /** Whether clients may remember it: 308 (Permanent Redirect) instead of 307 (Temporary Redirect). Default false. */
  permanent?: boolean;
  /** 301, 302, 303, 307 or 308, chosen by hand. */
  status?: number;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * A redirect. RFC 9110 §15.4.
 *
 * Danger: a target that the client chose, such as `?next=`, sends users wherever an attacker likes.
 *
 * @param to a URL or a reference such as `/login`; characters outside of ASCII and spaces are percent-encoded
 * @throws TypeError when `to` is empty or holds control characters; RangeError when `status` is no redirect
 */
export function redirect(to: string | URL, { permanent = false, ...init }: RedirectInit = {}): Response {
  const status = init.status ?? (permanent ? 308 : 307);
  if (!REDIRECTS.has(status)) throw new RangeError(`A redirect has status 301, 302, 303, 307 or 308, got ${status}`);
  const response = new Response(null, { ...init, status });
  response.headers.set("location", locationOf(String(to)));
  return response;
}

function locationOf(to: string): string {
  // RFC 9110 §5.5: CR and LF would begin another field. The rest of C0 is what browsers drop: `/\t/evil` is `//evil`.
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (to === "" || /[\x00-\x1f\x7f]/.test(to)) {
    throw new TypeError(`A redirect needs a target without control characters, got ${JSON.stringify(to)}`);
  }
  return to.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/** How content is streamed. */
export interface StreamInit extends ResponseInit {
  /** Content-Type; `application/octet-stream` by default. */
  type?: string;
}

/** A response whose content is sent as it comes, no faster than the client takes it. Text is sent as UTF-8. */
export function stream(
  source: AsyncIterable<Uint8Array | string> | ReadableStream,
  { type = OCTETS, ...init }: StreamInit = {},
): Response {
  return Response.of(source, type, init);
}

/** One event of an event stream; text alone is an event with this data. */
export interface ServerEvent {
  /** Text, or a value that is sent as JSON. */
  readonly data?: unknown;
  /** The type that `addEventListener` listens to; `message` by default. */
  readonly event?: string;
  /** Sent back as Last-Event-ID when the client reconnects. */
  readonly id?: string;
  /** Milliseconds before the client reconnects. */
  readonly retry?: number;
  /** Ignored by clients; keeps proxies from closing an idle connection. */
  readonly comment?: string;
}

/**
 * A stream of server-sent events (HTML Standard §9.2). It ends when `source` does, and `source` is closed when the
 * client goes away.
 *
 * @example
 * arc().get("/clock", () => events(ticks()));
 * async function* ticks() {
 *   for await (const _ of setInterval(1000)) yield { event: "tick", data: { at: Date.now() } };
 * }
 */
export function events(source: AsyncIterable<ServerEvent | string>, init?: ResponseInit): Response {
  const response = Response.of(formatEvents(source), EVENTS, init);
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-cache");
  return response;
}

async function* formatEvents(source: AsyncIterable<ServerEvent | string>): AsyncGenerator<string> {
  for await (const event of source) yield formatEvent(typeof event === "string" ? { data: event } : event);
}

function formatEvent({ data, event, id, retry, comment }: ServerEvent): string {
  let block = "";
  if (comment !== undefined) block += linesOf("", comment);
  if (event !== undefined) block += `event: ${oneLine("event", event)}\n`;
  if (id !== undefined) block += `id: ${oneLine("id", id)}\n`;
  if (retry !== undefined) block += `retry: ${Math.max(0, Math.round(retry))}\n`;
  if (data !== undefined) block += linesOf("data", typeof data === "string" ? data : JSON.stringify(data));
  return `${block}\n`;
}

/** Every line end of the standard counts, or the rest of a line would be read as a field of its own. */
function linesOf(field: string, value: string): string {
  return value
    .split(/\r\n|\n|\r/)
    .map((line) => `${field}: ${line}\n`)
    .join("");
}

function oneLine(field: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new TypeError(`The ${field} of an event is one line: ${JSON.stringify(value)}`);
  return value;
}

/** The members of a problem document, and any others beside them. RFC 9457 §3. */
export interface Problem {
  /** A URI that names the kind of problem. */
  readonly type?: string | undefined;
  /** The kind of problem in a few words; the phrase of the status by default. */
  readonly title?: string | undefined;
  /** What went wrong this time. */
  readonly detail?: string | undefined;
  /** A URI that names this occurrence. */
  readonly instance?: string | undefined;
  readonly [member: string]: unknown;
}

/** A problem document for programs. RFC 9457. */
export function problem(status: number, members: Problem = {}, init?: ResponseInit): Response {
  const { type, title = reasonOf(status), ...others } = members;
  const document = { type, title, status, ...others };
  return Response.of(JSON.stringify(document), "application/problem+json", { ...init, status });
}

/**
 * The response that a handler's return value means.
 *
 * | value | response |
 * |---|---|
 * | a response, ours or the platform's | itself |
 * | text | `text/plain; charset=utf-8` |
 * | object, list, number, boolean | JSON |
 * | octets | `application/octet-stream` |
 * | stream, async iterable of octets or text | `application/octet-stream`, as it comes |
 * | `Blob`, `FormData`, `URLSearchParams` | their own type |
 * | an object with a method `toResponse` | what the method returns |
 * | null | 204 (No Content) |
 * | `[status, value]` | the value with the status |
 * | an error | thrown |
 *
 * A list of two whose first is an integer from 200 to 599 is `[status, value]`: give lists whose content you do not
 * know to {@link json}.
 *
 * @param init for values that are no responses and name no status
 * @throws TypeError when the value means nothing, `undefined` above all
 */
export function toResponse(value: unknown, init?: ResponseInit): Response {
  if (value instanceof Response) return value;
  if (typeof value === "object" && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype && !(Symbol.asyncIterator in value)) return json(value, init);
    if (isTagged(value, "Response")) return fromNative(value as globalThis.Response);
    if (Array.isArray(value) && isStatusAndValue(value)) {
      if (isResponse(value[1]))
        throw new TypeError("The value of [status, value] is no response: that has its own status");
      return convert(value[1], { ...init, status: value[0] });
    }
  }
  return convert(value, init);
}

/** Whether a value is a response, ours or the platform's. */
export function isResponse(value: unknown): value is Response | globalThis.Response {
  return isTagged(value, "Response");
}

function isStatusAndValue(value: readonly unknown[]): value is readonly [number, unknown] {
  const [status] = value;
  return value.length === 2 && Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599;
}

function convert(value: unknown, init: ResponseInit | undefined): Response {
  switch (typeof value) {
    case "string":
      return Response.of(value, TEXT, init);
    case "number":
    case "boolean":
      return json(value, init);
    case "object":
      return value === null ? new Response(null, { status: 204, ...init }) : convertObject(value, init);
    case "undefined":
      throw new TypeError("The handler returned nothing; return null for 204 (No Content)");
    default:
      throw new TypeError(`The handler returned a ${typeof value}, which is no response`);
  }
}

function convertObject(value: object, init: ResponseInit | undefined): Response {
  if (value instanceof Error) throw value;
  if (value instanceof Uint8Array || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return withType(new Response(value, init), OCTETS);
  }
  if (value instanceof Blob || value instanceof URLSearchParams || isFormData(value)) {
    return withType(new Response(value, init), OCTETS);
  }
  if (Symbol.asyncIterator in value) {
    return Response.of(value as AsyncIterable<Uint8Array | string>, OCTETS, init);
  }
  const { toResponse: own } = value as { toResponse?: unknown };
  if (typeof own === "function") return toResponse(own.call(value), init);
  return json(value, init);
}

function withType(response: Response, type: string): Response {
  if (!response.headers.has("content-type")) response.headers.set("content-type", type);
  return response;
}

/** The platform's own response as ours; its content is streamed through. */
function fromNative(response: globalThis.Response): Response {
  // The body first: the responses of srvx, which h3 makes, know their Content-Type only once that was asked for.
  const { body, status, statusText, headers } = response;
  // A network error (Response.error()) has status 0.
  return new Response(body as ContentInit, { status: status === 0 ? 500 : status, statusText, headers });
}
