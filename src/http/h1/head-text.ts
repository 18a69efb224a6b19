import { lowerAscii } from "../../base/ascii.ts";
import { canonicalPath } from "../target.ts";
import { lowerAuthority } from "../authority.ts";
import { BAD_PATH, fault, type SyntaxFault } from "../fault.ts";
import type { RequestParts } from "../request-parts.ts";
import type { HeadParser } from "./head-parser.ts";
import { methodOf } from "./method.ts";
import { readTarget } from "./request-target.ts";

const BAD_HOST = fault(400, "The Host field is not a host with an optional port");

/** A head as text: what a request is made of. */
export interface HeadText extends RequestParts {
  /** Why the head is refused, with the connection. */
  readonly fault: SyntaxFault | undefined;
  /** Why the request is refused while the connection goes on: the framing is sound, the path is not. */
  readonly badPath: SyntaxFault | undefined;
}

/** Takes the text out of octets that the parser has checked. One copy is made, everything else is a slice of it. */
export function readHeadText(parser: HeadParser, octets: Buffer, start: number, end: number): HeadText {
  const text = octets.toString("latin1", start, end);
  const method = methodOf(octets, start + parser.methodStart, start + parser.methodEnd);
  const fields = text.slice(parser.fieldsStart, text.length - 2);
  let target = text.slice(parser.methodEnd + 1, parser.targetEnd);
  let authority = "";
  let refused: SyntaxFault | undefined;
  const { hostStart, hostEnd } = parser.framing;
  if (hostStart !== -1) {
    authority = text.slice(hostStart, hostEnd);
    const lower = lowerAuthority(authority);
    if (lower === undefined) refused = BAD_HOST;
    else authority = lower;
  }
  if (target.charCodeAt(0) !== 0x2f || method === "CONNECT") {
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
    fields,
    isConditional: parser.framing.isConditional,
    fault: refused,
    badPath: path === undefined ? BAD_PATH : undefined,
  };
}
