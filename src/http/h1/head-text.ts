import { lowerAscii } from "../../base/ascii.ts";
import { parseHost } from "../../fields/host.ts";
import { canonicalPath } from "../target.ts";
import { fault, type SyntaxFault } from "../fault.ts";
import type { HeadParser } from "./head-parser.ts";
import { methodOf } from "./method.ts";
import { readTarget } from "./request-target.ts";

const BAD_HOST = fault(400, "The Host field is not a host with an optional port");
const BAD_PATH = fault(400, "The path is not well formed");

/** A head as text: what a request is made of. */
export interface HeadText {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly search: string;
  readonly authority: string;
  /** The field lines, checked, each with its CR LF. */
  readonly fields: string;
  /** Whether there is Range or a precondition. */
  readonly isConditional: boolean;
  /** Why the head is refused, with the connection. */
  readonly fault: SyntaxFault | undefined;
  /** Why the request is refused while the connection goes on: the framing is sound, the path is not. */
  readonly badPath: SyntaxFault | undefined;
}

/** The last authority found valid, as it came and in lower case: most requests of a server have the same. */
let validAuthority = "";
let lowerAuthority = "";

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
    if (authority !== validAuthority || authority === "") {
      if (parseHost(authority) === undefined) refused = BAD_HOST;
      else {
        validAuthority = authority;
        lowerAuthority = lowerAscii(authority);
      }
    }
    // RFC 9110 §4.2.3: a host has no case. With one, the first client would choose how everybody's stored page spells it.
    if (authority === validAuthority) authority = lowerAuthority;
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
