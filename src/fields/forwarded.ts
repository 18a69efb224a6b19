import { lowerAscii, parseDecimal, tableOf, trimOws } from "../base/ascii.ts";
import type { CidrList } from "./cidr-list.ts";
import { formatIpv4, mappedIpv4, parseIpv4, parseIpv6 } from "./ip-address.ts";
import { Scanner } from "./scanner.ts";

/** Who sent a request on. RFC 7239 §6. */
export interface ForwardedNode {
  /** An IPv4 or IPv6 address without brackets, in lower case; an obfuscated name (`_x`); or `unknown`. */
  readonly address: string;
  /** -1 when it is not known, also when it is obfuscated */
  readonly port: number;
}

/** What one proxy said. RFC 7239 §4. */
export interface ForwardedElement {
  /** The client of that proxy; `unknown` when it does not say. */
  readonly for: ForwardedNode;
  readonly by: ForwardedNode | undefined;
  /** The `Host` that the proxy received; not checked. */
  readonly host: string | undefined;
  /** In lower case; not checked. */
  readonly proto: string | undefined;
}

const UNKNOWN: ForwardedNode = { address: "unknown", port: -1 };
const MALFORMED: readonly ForwardedElement[] = [{ for: UNKNOWN, by: undefined, host: undefined, proto: undefined }];
const OBFUSCATED_CHAR = tableOf("._-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
const groups = new Uint16Array(8);

/**
 * Parses `Forwarded`, the proxy nearest to the client first. RFC 7239 §4.
 *
 * A field that is malformed anywhere is one element that knows nothing: a client must not be able to hide behind the
 * address of the trusted proxy by sending garbage for that proxy to append to.
 */
export function parseForwarded(value: string): readonly ForwardedElement[] {
  const scanner = new Scanner(value);
  const elements: ForwardedElement[] = [];
  while (scanner.nextElement()) {
    const element = readElement(scanner);
    if (element === undefined) return MALFORMED;
    elements.push(element);
  }
  return scanner.malformed ? MALFORMED : elements;
}

/** `forwarded-pair *( ";" forwarded-pair )`, each name once. */
function readElement(scanner: Scanner): ForwardedElement | undefined {
  const pairs = new Map<string, string>();
  do {
    const name = lowerAscii(scanner.token());
    if (name === "") continue;
    const value = scanner.eat(0x3d) ? scanner.tokenOrQuotedString() : undefined;
    if (value === undefined || pairs.has(name)) return undefined;
    pairs.set(name, value);
  } while (scanner.nextParameter());
  if (pairs.size === 0) return undefined;
  const proto = pairs.get("proto");
  return {
    for: parseNode(pairs.get("for") ?? "", false),
    by: pairs.has("by") ? parseNode(pairs.get("by") ?? "", false) : undefined,
    host: pairs.get("host"),
    proto: proto === undefined ? undefined : lowerAscii(proto),
  };
}

/**
 * Parses `X-Forwarded-For`, the client first. Never standardised: IPv6 addresses come with and without brackets, ports
 * come and do not. What is no address is `unknown`.
 */
export function parseForwardedFor(value: string): ForwardedNode[] {
  const nodes: ForwardedNode[] = [];
  for (let start = 0; start < value.length;) {
    const comma = value.indexOf(",", start);
    const end = comma === -1 ? value.length : comma;
    const text = trimOws(value.slice(start, end));
    if (text !== "") nodes.push(parseNode(text, true));
    start = end + 1;
  }
  return nodes;
}

/**
 * The address of the client: from the peer back along the proxies, the first address that is not trusted; the farthest
 * one when all are. `unknown` when a trusted proxy did not say who asked it, which no list of addresses holds.
 *
 * @param peer the other end of the connection
 * @param forwardedFor as parsed, the nearest proxy last
 * @param trusted the proxies whose word counts
 */
export function clientAddress(peer: string, forwardedFor: readonly ForwardedNode[], trusted: CidrList): string {
  let address = peer;
  for (let index = forwardedFor.length - 1; index >= 0 && trusted.has(address); index--) {
    address = forwardedFor[index]?.address ?? UNKNOWN.address;
  }
  return address;
}

/** RFC 7239 §6: `nodename [ ":" node-port ]`, with IPv6 in brackets unless `bare` allows it without. */
function parseNode(text: string, bare: boolean): ForwardedNode {
  if (text.startsWith("[")) {
    const close = text.indexOf("]");
    const address = close === -1 ? undefined : ipv6(text.slice(1, close));
    return address === undefined ? UNKNOWN : nodeOf(address, text.slice(close + 1));
  }
  const colon = text.indexOf(":");
  if (colon === -1) return nodeOf(nameOf(text), "");
  const address = bare ? ipv6(text) : undefined;
  return address === undefined ? nodeOf(nameOf(text.slice(0, colon)), text.slice(colon)) : { address, port: -1 };
}

function nodeOf(address: string | undefined, portText: string): ForwardedNode {
  if (address === undefined) return UNKNOWN;
  if (portText === "") return { address, port: -1 };
  if (!portText.startsWith(":")) return UNKNOWN;
  const text = portText.slice(1);
  if (isObfuscated(text)) return { address, port: -1 };
  const port = parseDecimal(text);
  return port === -1 || port > 65_535 ? UNKNOWN : { address, port };
}

function nameOf(text: string): string | undefined {
  return parseIpv4(text) !== -1 || isObfuscated(text) ? text : undefined;
}

/** In lower case; the IPv4 address when it maps one. */
function ipv6(text: string): string | undefined {
  if (!parseIpv6(text, groups)) return undefined;
  const mapped = mappedIpv4(groups);
  return mapped === -1 ? lowerAscii(text) : formatIpv4(mapped);
}

/** `"_" 1*( ALPHA / DIGIT / "." / "_" / "-" )` */
function isObfuscated(text: string): boolean {
  if (text.length < 2 || !text.startsWith("_")) return false;
  for (let index = 1; index < text.length; index++) if (OBFUSCATED_CHAR[text.charCodeAt(index)] !== 1) return false;
  return true;
}
