import { equalsIgnoreCase } from "../../base/ascii.ts";
import { parseHost } from "../../fields/host.ts";
import { fault, type SyntaxFault } from "../fault.ts";

const NOT_A_TARGET = fault(400, "The request target has no form that its method may use");
const BAD_AUTHORITY = fault(400, "The request target names no valid host");
const OTHER_HOST = fault(400, "The request target and the Host field name different hosts");

/** What a request target says. RFC 9112 §3.2. */
export interface Target {
  /** Path and query as sent, or `*`. */
  target: string;
  /** The authority that the request is for. */
  authority: string;
}

/**
 * Reads a target in any form but origin-form, which needs no reading.
 *
 * @param authority the value of the Host field
 */
export function readTarget(method: string, target: string, authority: string): Target | SyntaxFault {
  // RFC 9112 §3.2.4: asterisk-form is for OPTIONS alone.
  if (target === "*") return method === "OPTIONS" ? { target, authority } : NOT_A_TARGET;
  if (method === "CONNECT") {
    // RFC 9110 §9.3.6: a host and a port, the port never left out.
    const host = parseHost(target);
    return host === undefined || host.port === -1 ? BAD_AUTHORITY : { target: "*", authority: target };
  }
  const scheme = target.indexOf("://");
  if (scheme === -1) return NOT_A_TARGET;
  const name = target.slice(0, scheme);
  if (!equalsIgnoreCase(name, "http") && !equalsIgnoreCase(name, "https")) return NOT_A_TARGET;
  return readAbsolute(target, scheme + 3, equalsIgnoreCase(name, "https") ? 443 : 80, authority);
}

function readAbsolute(target: string, start: number, port: number, authority: string): Target | SyntaxFault {
  let end = start;
  while (end < target.length && target[end] !== "/" && target[end] !== "?") end++;
  const named = target.slice(start, end);
  // RFC 9110 §4.2.4: user information is refused, RFC 9110 §4.2.1: so is an empty host; parseHost does both.
  const host = parseHost(named);
  if (host === undefined) return BAD_AUTHORITY;
  // RFC 9112 §3.2.2 lets the target win over Host; a client that sends two hosts is up to no good.
  const field = authority === "" ? host : parseHost(authority);
  if (field === undefined || field.name !== host.name) return OTHER_HOST;
  if ((field.port === -1 ? port : field.port) !== (host.port === -1 ? port : host.port)) return OTHER_HOST;
  const rest = target.slice(end);
  return { target: rest.startsWith("/") ? rest : `/${rest}`, authority: named };
}
