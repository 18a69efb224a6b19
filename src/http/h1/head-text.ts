import { lowerAscii } from "../../base/ascii.ts";
import { canonicalPath } from "../target.ts";
import { lowerAuthority } from "../authority.ts";
import { BAD_PATH, fault, type SyntaxFault } from "../fault.ts";
import type { RequestParts } from "../request-parts.ts";
import type { HeadParser } from "./head-parser.ts";
import { methodOf } from "./method.ts";
import { readTarget } from "./request-target.ts";

const SLASH = 0x2f;

const BAD_HOST = fault(400, "The Host field is not a host with an optional port");

/** A head as text: what a request is made of. */
export interface HeadText extends RequestParts {
  /** The value of Host in lower case; empty when there is none. */
  readonly host: string;
  /** Why the head is refused, with the connection. */
  readonly fault: SyntaxFault | undefined;
  /** Why the request is refused while the connection goes on: the framing is sound, the path is not. */
  readonly badPath: SyntaxFault | undefined;
}

/** Takes the text out of octets that the parser has checked. One copy is made, everything else is a slice of it. */
export function readHeadText(parser: HeadParser, octets: Buffer, start: number, end: number): HeadText {
  const method = methodOf(octets, start + parser.methodStart, start + parser.methodEnd);
  const { section } = parser;
  if (section !== undefined) {
    return headText(
      method,
      targetOf(octets, start + parser.methodEnd + 1, start + parser.targetEnd),
      section.text,
      section.host,
      section.framing.isConditional,
    );
  }
  const text = octets.toString("latin1", start, end);
  const target = text.slice(parser.methodEnd + 1, parser.targetEnd);
  const fields = text.slice(parser.fieldsStart, text.length - 2);
  const { hostStart, hostEnd, isConditional } = parser.framing;
  if (hostStart === -1) return headText(method, target, fields, "", isConditional);
  const host = text.slice(hostStart, hostEnd);
  const authority = lowerAuthority(host);
  return authority === undefined
    ? headText(method, target, fields, host, isConditional, BAD_HOST)
    : headText(method, target, fields, authority, isConditional);
}

/** The root is asked for so often that its text need not be made. */
function targetOf(octets: Buffer, start: number, end: number): string {
  return end - start === 1 && octets[start] === SLASH ? "/" : octets.toString("latin1", start, end);
}

function headText(
  method: string,
  sent: string,
  fields: string,
  host: string,
  isConditional: boolean,
  badHost?: SyntaxFault,
): HeadText {
  let target = sent;
  let authority = host;
  let refused = badHost;
  if (target.charCodeAt(0) !== SLASH || method === "CONNECT") {
    const read = readTarget(method, target, authority);
    if ("target" in read) {
      target = read.target;
      authority = lowerAscii(read.authority);
    } else refused ??= read;
  }
  const question = target.indexOf("?");
  const raw = question === -1 ? target : target.slice(0, question);
  const path = target === "*" ? "*" : canonicalPath(raw);
  return {
    method,
    target,
    path: path ?? raw,
    search: question === -1 ? "" : target.slice(question + 1),
    authority,
    host,
    fields,
    isConditional,
    fault: refused,
    badPath: path === undefined ? BAD_PATH : undefined,
  };
}
