import { isDated, isFixedDate } from "../dated-lines.ts";
import type { DefaultFields } from "../default-fields.ts";
import { Headers } from "../headers.ts";
import { Response } from "../response.ts";
import { dateField, lengthField } from "../session-fields.ts";
import { HpackEncoder, plainLine } from "./hpack-encoder.ts";

/** Field sections of equal responses that a connection remembers. */
const REMEMBERED = 8;

interface Remembered {
  readonly status: number;
  readonly type: string | undefined;
  /** Of the kept response, or 0: connections live long, and must not keep content that was replaced. */
  readonly kept: number;
  readonly defaults: DefaultFields | undefined;
  /** Of the encoder's table. */
  readonly generation: number;
  /** Everything but Content-Length and Date. */
  readonly block: string;
  readonly isDated: boolean;
}

const currentDate = dateField((value) => plainLine("date", value));
const lengthLine = lengthField((octets) => plainLine("content-length", octets));

const STATUS_LINES: string[] = [];
const statusEncoder = new HpackEncoder();

/** RFC 9113 §8.3.2. Never in a dynamic table: the usual ones are in the static table. */
function statusLine(status: number): string {
  return (STATUS_LINES[status] ??= [200, 204, 206, 304, 400, 404, 500].includes(status)
    ? statusEncoder.line(":status", String(status))
    : plainLine(":status", String(status)));
}

/**
 * Encodes the field sections of what one connection sends.
 *
 * What is the same for a handler's responses, or for every request of a kept one, is encoded once and remembered as long
 * as the dynamic table does not change: a response costs Date and Content-Length, which are made before.
 */
export class ResponseSections {
  readonly #hpack = new HpackEncoder();
  #remembered: Remembered[] = [];
  #next = 0;

  /** SETTINGS_HEADER_TABLE_SIZE of the other end. */
  resize(size: number): void {
    this.#hpack.resize(size);
  }

  /** The header section of a response. @param length for Content-Length, or -1 @param status other than the response's own */
  head(response: Response, length: number, status: number = response.status): string {
    const start = this.#hpack.start();
    const lines = Response.parts.lines(response);
    const end = length >= 0 ? lengthLine(length) : "";
    if (lines !== undefined) {
      const block = statusLine(status) + this.#lines(lines) + this.#beside(Response.parts.defaults(response), lines);
      return start + block + (isDated(lines) ? "" : currentDate()) + end;
    }
    const remembered = this.#recall(response, status);
    return start + remembered.block + (remembered.isDated ? "" : currentDate()) + end;
  }

  /** An interim response. RFC 9110 §15.2. */
  interim(status: number, lines: readonly string[]): string {
    return this.#hpack.start() + statusLine(status) + this.#lines(lines);
  }

  /** A trailer section. RFC 9113 §8.1. */
  trailers(lines: readonly string[]): string {
    return this.#hpack.start() + this.#lines(lines);
  }

  #recall(response: Response, status: number): Remembered {
    const kept = Response.parts.kept(response);
    const type = kept === undefined ? Response.parts.type(response) : undefined;
    const number = kept === undefined ? 0 : kept.number;
    const defaults = Response.parts.defaults(response);
    const { generation } = this.#hpack;
    let slot = -1;
    for (let index = 0; index < this.#remembered.length; index++) {
      const one = this.#remembered[index]!;
      if (one.status !== status || one.type !== type || one.kept !== number || one.defaults !== defaults) continue;
      if (one.generation === generation) return one;
      slot = index;
      break;
    }
    const lines = kept === undefined ? (type === undefined ? [] : ["content-type", type]) : Headers.lines(kept.headers);
    const { unsettled } = this.#hpack;
    const block = statusLine(status) + this.#lines(lines) + this.#beside(defaults, lines);
    const remembered = {
      status,
      type,
      kept: number,
      defaults,
      generation,
      block,
      isDated: kept !== undefined && isDated(lines),
    };
    // Lines that came for the first time, or that changed the table, are encoded otherwise the next time.
    const isSettled = generation === this.#hpack.generation && unsettled === this.#hpack.unsettled;
    if (isSettled) this.#remember(remembered, slot);
    return remembered;
  }

  /** @param slot where the same was before the table changed, or -1 */
  #remember(remembered: Remembered, slot: number): void {
    if (slot === -1 && this.#remembered.length < REMEMBERED) {
      this.#remembered.push(remembered);
      return;
    }
    this.#remembered[slot === -1 ? this.#next : slot] = remembered;
    if (slot === -1) this.#next = (this.#next + 1) % REMEMBERED;
  }

  #lines(lines: readonly string[]): string {
    let block = "";
    for (let index = 0; index < lines.length; index += 2) {
      const name = lines[index]!;
      const value = lines[index + 1]!;
      if (!isOwnField(name) && (name !== "date" || isFixedDate(value))) block += this.#hpack.line(name, value);
    }
    return block;
  }

  #beside(defaults: DefaultFields | undefined, lines: readonly string[]): string {
    if (defaults === undefined) return "";
    let block = "";
    for (let index = 0; index < defaults.lines.length; index += 2) {
      const name = defaults.lines[index]!;
      if (!hasName(lines, name)) block += this.#hpack.line(name, defaults.lines[index + 1]!);
    }
    return block;
  }
}

function hasName(lines: readonly string[], name: string): boolean {
  for (let index = 0; index < lines.length; index += 2) if (lines[index] === name) return true;
  return false;
}

/** RFC 9113 §8.2.2: what belongs to a connection of HTTP/1.1 is not sent; Content-Length is the session's business. */
function isOwnField(name: string): boolean {
  switch (name) {
    case "content-length":
    case "transfer-encoding":
    case "connection":
    case "keep-alive":
    case "proxy-connection":
    case "upgrade":
      return true;
    default:
      return false;
  }
}
