import { parseDecimal } from "../../base/ascii.ts";
import { hasToken } from "../../fields/token-list.ts";
import { formatParameterValue } from "../../fields/quoted-string.ts";
import { Headers } from "../../http/headers.ts";
import { HttpError } from "../../http/http-error.ts";
import type { Request } from "../../http/request.ts";
import { connectionOf, isOfConnection } from "./connection-fields.ts";

/** The name that this server goes by in Via. RFC 9110 §7.6.3. */
export const PSEUDONYM = "millrace";

/**
 * What frames a request, names its client or lets it in. A client that lists one of these in Connection wants it gone
 * between here and the upstream, which then sees another request than was looked at here.
 */
const IMMUNE = [
  "host",
  "content-length",
  "content-type",
  "transfer-encoding",
  "authorization",
  "cookie",
  "via",
  "forwarded",
  "x-real-ip",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
];

/**
 * The header lines (name, value, …) that the upstream gets for a request.
 *
 * @param host what Host says
 * @throws HttpError 400 when Connection names a field that must arrive
 */
export function upstreamLines(request: Request, host: string, hasContent: boolean): string[] {
  const { headers } = request;
  const connection = connectionOf(headers);
  if (connection !== undefined) refuseImmune(connection);
  const lines = ["host", host];
  const own = Headers.lines(headers);
  for (let at = 0; at < own.length; at += 2) {
    const name = own[at]!;
    if (isPassed(name, hasContent) && !isOfConnection(name, connection)) lines.push(name, own[at + 1]!);
  }
  const hops = hopsLeft(request);
  if (hops > 0) lines[lines.indexOf("max-forwards") + 1] = String(hops - 1);
  lines.push("via", `${versionOf(request)} ${PSEUDONYM}`);
  return withClient(lines, request);
}

/** How often a request may still be passed on, or -1. RFC 9110 §7.6.2: only these two methods count. */
export function hopsLeft({ method, headers }: Request): number {
  if (method !== "OPTIONS" && method !== "TRACE") return -1;
  return parseDecimal(headers.get("max-forwards") ?? "");
}

function refuseImmune(connection: string): void {
  const name = IMMUNE.find((immune) => hasToken(connection, immune));
  if (name === undefined) return;
  throw new HttpError(400, { detail: `Connection must not name ${name}`, fields: { connection: "close" } });
}

/** Whether the upstream may get a field that a client has sent. */
function isPassed(name: string, hasContent: boolean): boolean {
  switch (name) {
    case "host":
    // Never a field of requests; CGI programs would take it for their own setting (httpoxy).
    case "proxy":
    // The client's expectation is met here: it gets its 100 as soon as the upstream takes content.
    case "expect":
    // Trailer sections of requests end here.
    case "trailer":
    case "forwarded":
    case "x-real-ip":
      return false;
    case "content-length":
      return hasContent;
    default:
      // What proxies tell upstreams, clients may not. `_` is `-` to many upstreams, which makes aliases of all names.
      return !name.startsWith("x-forwarded-") && !name.startsWith("x-internal-") && !name.includes("_");
  }
}

/** Tells of the client by what its connection says alone. RFC 7239. */
function withClient(lines: string[], request: Request): string[] {
  const { remoteAddress, host, secure } = request;
  const scheme = secure ? "https" : "http";
  const node = remoteAddress === "" ? "unknown" : remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress;
  const named = host === "" ? "" : `;host=${formatParameterValue(host)}`;
  lines.push("forwarded", `for=${formatParameterValue(node)}${named};proto=${scheme}`);
  if (remoteAddress !== "") lines.push("x-forwarded-for", remoteAddress);
  if (host !== "") lines.push("x-forwarded-host", host);
  lines.push("x-forwarded-proto", scheme);
  return lines;
}

/** RFC 9110 §7.6.3: the version in Via, without the name of the protocol where that is HTTP. */
function versionOf({ protocol }: Request): string {
  switch (protocol) {
    case "http/1.0":
      return "1.0";
    case "h2":
      return "2.0";
    case "h3":
      return "3.0";
    default:
      return "1.1";
  }
}
