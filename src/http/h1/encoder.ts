import type { DefaultFields } from "../default-fields.ts";
import { isDated, isFixedDate } from "../dated-lines.ts";
import { Headers } from "../headers.ts";
import type { KeptResponse, Rendered } from "../kept-response.ts";
import { latin1OfOctets } from "../latin1.ts";
import { Response } from "../response.ts";
import { dateField, lengthField } from "../session-fields.ts";
import { reasonOf } from "../status.ts";

/** How the content of a response is delimited. RFC 9112 §6.3. */
export type Delimiting =
  /** Content-Length with this many octets follows. */
  | number
  /** Chunked; HTTP/1.1 clients only. */
  | "chunked"
  /** The end of the connection; HTTP/1.0 clients only. */
  | "close"
  /** No content and no field that says so: 204, 304, and HEAD of unknown length. */
  | "none";

/** What the Connection field of a response says. */
export type Persistence = "" | "connection: close\r\n" | "connection: keep-alive\r\n";

const STATUS_LINES: string[] = [];

function statusLine(response: Response): string {
  const { status, statusText } = response;
  if (statusText !== "") return `HTTP/1.1 ${status} ${statusText}\r\n`;
  return (STATUS_LINES[status] ??= `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`);
}

const currentDate = dateField((value) => `date: ${value}\r\n`);
const lengthLine = lengthField((octets) => inOnePiece(`content-length: ${octets}\r\n`));

/** A response head, latin1, with the empty line that ends it. */
export function encodeHead(response: Response, delimiting: Delimiting, persistence: Persistence): string {
  const lines = linesOf(response);
  const defaults = Response.parts.defaults(response);
  if (lines === undefined) return startOf(response) + delimitingLine(delimiting) + endOf(defaults, persistence);
  let head = encodeFields(response, lines, delimiting) + persistence;
  if (defaults !== undefined) head += defaults.textBeside(lines);
  return head + (isDated(lines) ? "" : currentDate()) + "\r\n";
}

/*
 * What stands before and behind the length in the head of a response without fields of its own. One after the other is
 * alike, so the last is kept, in one piece: V8 puts a string together when it is written, three parts sooner than ten.
 */
let start = "";
let startStatus = 0;
let startType: string | undefined;

function startOf(response: Response): string {
  const { status, statusText } = response;
  const type = Response.parts.type(response);
  if (status === startStatus && type === startType && statusText === "") return start;
  const text = statusLine(response) + (type === undefined ? "" : `content-type: ${type}\r\n`);
  if (statusText !== "") return text;
  [start, startStatus, startType] = [inOnePiece(text), status, type];
  return start;
}

let end = "";
let endDefaults: DefaultFields | undefined;
let endPersistence: Persistence | undefined;
let endDate = "";

function endOf(defaults: DefaultFields | undefined, persistence: Persistence): string {
  const date = currentDate();
  if (defaults === endDefaults && persistence === endPersistence && date === endDate) return end;
  end = inOnePiece(`${persistence}${defaults?.text ?? ""}${date}\r\n`);
  [endDefaults, endPersistence, endDate] = [defaults, persistence, date];
  return end;
}

/** The same text, without the pieces that V8 would put together at each use. */
function inOnePiece(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("latin1");
}

function linesOf(response: Response): readonly string[] | undefined {
  const kept = Response.parts.kept(response);
  return kept === undefined ? Response.parts.lines(response) : Headers.lines(kept.headers);
}

/** Everything of a head that is the same each time the response is sent: all but Connection, Date and default fields. */
function encodeFields(response: Response, lines: readonly string[], delimiting: Delimiting): string {
  let head = statusLine(response);
  for (let index = 0; index < lines.length; index += 2) {
    const name = lines[index]!;
    if (isOwnField(name) || (name === "date" && !isFixedDate(lines[index + 1]!))) continue;
    // RFC 9110 §7.8: who sends Upgrade says so in Connection.
    if (name === "upgrade") head += "connection: upgrade\r\n";
    head += `${name}: ${lines[index + 1]!}\r\n`;
  }
  return head + delimitingLine(delimiting);
}

function delimitingLine(delimiting: Delimiting): string {
  if (typeof delimiting === "number") return lengthLine(delimiting);
  return delimiting === "chunked" ? "transfer-encoding: chunked\r\n" : "";
}

/** Fields that belong to the session: it knows the framing, and the handler's word may be wrong. */
function isOwnField(name: string): boolean {
  switch (name) {
    case "content-length":
    case "transfer-encoding":
    case "connection":
    case "keep-alive":
      return true;
    default:
      return false;
  }
}

/** Octets up to which head and content are joined into one string: the system takes it in one copy. */
export const JOIN_LIMIT: number = 16 * 1024;

/** Renders a small kept response, the first time that it is sent. */
export function renderKept(response: Response, kept: KeptResponse, content: () => Uint8Array): Rendered {
  return (kept.rendered ??= render(response, content()));
}

function render(response: Response, content: Uint8Array): Rendered {
  const lines = linesOf(response)!;
  return {
    before: encodeFields(response, lines, content.length),
    after: `\r\n${latin1OfOctets(content)}`,
    octets: content.length,
    isDated: isDated(lines),
    defaults: undefined,
    beside: "",
  };
}

/** A rendered response, for one client. */
export function encodeKept(response: Response, rendered: Rendered, persistence: Persistence): string {
  const defaults = Response.parts.defaults(response);
  if (defaults !== rendered.defaults) {
    rendered.defaults = defaults;
    rendered.beside = defaults?.textBeside(linesOf(response)!) ?? "";
  }
  return rendered.before + rendered.beside + persistence + (rendered.isDated ? "" : currentDate()) + rendered.after;
}

/** An interim response. RFC 9110 §15.2. */
export function encodeInterim(status: number, lines: readonly string[]): string {
  let head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`;
  for (let index = 0; index < lines.length; index += 2) head += `${lines[index]!}: ${lines[index + 1]!}\r\n`;
  return head + "\r\n";
}

/** The line before a chunk's data. RFC 9112 §7.1. */
export function chunkLine(octets: number): string {
  return `${octets.toString(16)}\r\n`;
}

/** The last chunk and the trailer section, without what would frame a message. RFC 9112 §7.1.2, RFC 9110 §6.5.1. */
export function lastChunk(trailers: readonly string[]): string {
  let end = "0\r\n";
  for (let index = 0; index < trailers.length; index += 2) {
    const name = trailers[index]!;
    if (!isOwnField(name)) end += `${name}: ${trailers[index + 1]!}\r\n`;
  }
  return end + "\r\n";
}
