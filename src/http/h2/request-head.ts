import { isToken, lowerAscii, parseDecimal } from "../../base/ascii.ts";
import { parseHost } from "../../fields/host.ts";
import { lowerAuthority } from "../authority.ts";
import { BAD_PATH, CONTENT_TOO_LARGE, fault, type SyntaxFault } from "../fault.ts";
import type { HttpLimits } from "../http-limits.ts";
import { TARGET_CHAR } from "../octets.ts";
import type { RequestParts } from "../request-parts.ts";
import { canonicalPath } from "../target.ts";
import {
  AUTHORITY,
  CONDITION,
  CONTENT_LENGTH,
  COOKIE,
  EXPECT,
  type Field,
  HOST,
  MALFORMED,
  METHOD,
  ORDINARY,
  PATH,
  PRIORITY,
  PROTOCOL,
  SCHEME,
} from "./field.ts";
import type { FieldSink } from "./hpack-decoder.ts";
import { ENTRY_OVERHEAD } from "./hpack-tables.ts";

const MANY_FIELDS = fault(431, "The header section has too many fields");
const LONG_HEAD = fault(431, "The header section is too large");
const LONG_PATH = fault(414, "The path is too long");
const BAD_HOST = fault(400, "The request names no valid host");
const OTHER_HOST = fault(400, "The :authority and the Host field name different hosts");
const OTHER_EXPECT = fault(417, "Nothing but 100-continue can be expected here");

/** Longest method read; the longest registered one has 17 octets. */
const METHOD_LIMIT = 32;

/** A head as text: what a request is made of. It may be used for any number of requests. */
export interface RequestText extends RequestParts {
  /** -1 when the head does not say. */
  readonly contentLength: number;
  readonly expectsContinue: boolean;
  /** Whether it is an extended CONNECT: its stream may be lent. RFC 8441 §4. */
  readonly wantsUpgrade: boolean;
  /** The value of the Priority field; empty when there is none. */
  readonly priority: string;
  /** Why it is answered with an error, while the stream is sound. */
  readonly refused: SyntaxFault | undefined;
}

/**
 * Makes a request of the fields of its section as they are decoded, and finds whether they are one. RFC 9113 §8.3.
 *
 * Octets are counted before anything is kept: what is above the limits is decoded, since the table has to follow, but
 * nothing is made of it.
 */
export class RequestHead implements FieldSink {
  readonly #limits: HttpLimits;
  readonly #isSecure: boolean;
  #method: string | undefined;
  #scheme: string | undefined;
  #path: string | undefined;
  #authority: string | undefined;
  #protocol: string | undefined;
  #host: string | undefined;
  #fields = "";
  #cookie = "";
  #contentLength = -1;
  #priority = "";
  #expect = "";
  #isConditional = false;
  /** RFC 9113 §8.3: pseudo-header fields come before all others. */
  #pseudo = true;
  #isMalformed = false;
  #count = 0;
  #size = 0;
  #refused: SyntaxFault | undefined;

  constructor(limits: HttpLimits, isSecure: boolean) {
    this.#limits = limits;
    this.#isSecure = isSecure;
  }

  add(field: Field): boolean {
    // Nothing that still comes changes the answer.
    if (this.#refused === undefined) this.#add(field);
    return this.#refused === undefined;
  }

  #add(field: Field): void {
    const { kind, value } = field;
    // RFC 9113 §6.5.2: SETTINGS_MAX_HEADER_LIST_SIZE counts what the entry of a table would be.
    this.#size += field.name.length + value.length + ENTRY_OVERHEAD;
    if (++this.#count > this.#limits.fields) this.#refused = MANY_FIELDS;
    else if (this.#size > this.#limits.head) this.#refused = LONG_HEAD;
    if (kind < ORDINARY) return this.#addPseudo(kind, value);
    this.#pseudo = false;
    if (this.#refused !== undefined) return;
    switch (kind) {
      case ORDINARY:
        this.#fields += field.line;
        return;
      case COOKIE:
        // RFC 9113 §8.2.3: a client may cut the field to pieces, so that each can be in the table.
        this.#cookie = this.#cookie === "" ? value : `${this.#cookie}; ${value}`;
        return;
      case MALFORMED:
        this.#isMalformed = true;
        return;
      case HOST:
        this.#isMalformed ||= this.#host !== undefined;
        this.#host = value;
        return;
      case CONTENT_LENGTH:
        this.#isMalformed ||= this.#contentLength !== -1;
        this.#contentLength = parseDecimal(value);
        this.#isMalformed ||= this.#contentLength === -1;
        break;
      case PRIORITY:
        this.#priority = this.#priority === "" ? value : `${this.#priority}, ${value}`;
        break;
      case EXPECT:
        this.#expect = value;
        break;
      case CONDITION:
        this.#isConditional = true;
        break;
    }
    this.#fields += field.line;
  }

  /** RFC 9113 §8.3: each once, and before the others. */
  #addPseudo(kind: number, value: string): void {
    this.#isMalformed ||= !this.#pseudo;
    switch (kind) {
      case METHOD:
        this.#isMalformed ||= this.#method !== undefined;
        this.#method = value;
        return;
      case SCHEME:
        this.#isMalformed ||= this.#scheme !== undefined;
        this.#scheme = value;
        return;
      case PATH:
        this.#isMalformed ||= this.#path !== undefined;
        this.#path = value;
        return;
      case AUTHORITY:
        this.#isMalformed ||= this.#authority !== undefined;
        this.#authority = value;
        return;
      case PROTOCOL:
        this.#isMalformed ||= this.#protocol !== undefined;
        this.#protocol = value;
    }
  }

  /** The request, or undefined when the section is malformed. RFC 9113 §8.1.1 */
  finish(): RequestText | undefined {
    const method = this.#method;
    if (this.#isMalformed || method === undefined || !isToken(method) || method.length > METHOD_LIMIT) return undefined;
    const isConnect = method === "CONNECT";
    const wantsUpgrade = this.#protocol !== undefined;
    if (wantsUpgrade && (!isConnect || !isUpgradeToken(this.#protocol!))) return undefined;
    // RFC 9113 §8.5: what DATA carry there is no content, and has no length.
    if (wantsUpgrade && this.#contentLength !== -1) return undefined;
    const target = isConnect && !wantsUpgrade ? this.#connectTarget() : this.#target(method);
    if (target === undefined) return undefined;
    const authority = this.#checkedAuthority();
    const question = target.indexOf("?");
    const raw = question === -1 ? target : target.slice(0, question);
    const path = target === "*" ? "*" : canonicalPath(raw);
    const refused = this.#refused ?? this.#refusal(target, path);
    return {
      // RFC 8441 asks for what a GET with Upgrade asks for in HTTP/1.1: handlers see one form of it, as from Envoy.
      method: wantsUpgrade ? "GET" : method,
      target,
      path: path ?? raw,
      search: question === -1 ? "" : target.slice(question + 1),
      authority,
      fields: this.#allFields(),
      isConditional: this.#isConditional,
      contentLength: this.#contentLength,
      expectsContinue: this.#expect !== "",
      wantsUpgrade,
      priority: this.#priority,
      refused,
    };
  }

  /** RFC 9113 §8.3.1: `:path` is an origin-form, or `*` of OPTIONS; `:scheme` is there and fits. */
  #target(method: string): string | undefined {
    const path = this.#path;
    if (path === undefined || !this.#isOurScheme()) return undefined;
    if (path === "*") return method === "OPTIONS" ? path : undefined;
    if (path.charCodeAt(0) !== 0x2f) return undefined;
    for (let index = 1; index < path.length; index++) if (TARGET_CHAR[path.charCodeAt(index)] !== 1) return undefined;
    return path;
  }

  /** A proxy in front that ends TLS speaks of https on a plain connection; nobody has a reason for the opposite. */
  #isOurScheme(): boolean {
    return this.#scheme === "https" || (this.#scheme === "http" && !this.#isSecure);
  }

  /** RFC 9113 §8.5: CONNECT has neither scheme nor path; RFC 9110 §9.3.6: and a port that is never left out. */
  #connectTarget(): string | undefined {
    if (this.#scheme !== undefined || this.#path !== undefined || this.#authority === undefined) return undefined;
    const host = parseHost(this.#authority);
    return host === undefined || host.port === -1 ? undefined : "*";
  }

  /** RFC 9113 §8.3.1: `:authority`, or Host; the same where there are both. §8.1.1 lets us say what is wrong with it. */
  #checkedAuthority(): string {
    const authority = this.#authority ?? this.#host;
    const lower = authority === undefined ? undefined : lowerAuthority(authority);
    if (lower === undefined) {
      this.#refused ??= BAD_HOST;
      return "";
    }
    const host = this.#authority === undefined ? undefined : this.#host;
    if (host !== undefined && lowerAscii(host) !== lower) this.#refused ??= OTHER_HOST;
    return lower;
  }

  #refusal(target: string, path: string | undefined): SyntaxFault | undefined {
    if (target.length > this.#limits.line) return LONG_PATH;
    if (path === undefined) return BAD_PATH;
    if (this.#expect !== "" && lowerAscii(this.#expect) !== "100-continue") return OTHER_EXPECT;
    return this.#contentLength > this.#limits.content ? CONTENT_TOO_LARGE : undefined;
  }

  /** RFC 9113 §8.3.1: who makes HTTP/1.1 of it puts Host there; so handlers find it in whatever version, as it was sent. */
  #allFields(): string {
    let fields = `host: ${this.#authority ?? this.#host}\r\n${this.#fields}`;
    if (this.#cookie !== "") fields += `cookie: ${this.#cookie}\r\n`;
    if (this.#protocol !== undefined) fields += `connection: upgrade\r\nupgrade: ${this.#protocol}\r\n`;
    return fields;
  }
}

function isUpgradeToken(text: string): boolean {
  const parts = text.split("/");
  return parts.length <= 2 && parts.every(isToken);
}
