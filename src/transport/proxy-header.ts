import { SocketAddress } from "node:net";
import { parseDecimal } from "../base/ascii.ts";
import { formatIpv4, mappedIpv4, parseIpv4, parseIpv6 } from "../fields/ip-address.ts";

/** Who connected to the proxy, as the proxy says. */
export interface ProxySource {
  readonly address: string;
  readonly port: number;
}

/** A header of the PROXY protocol. */
export interface ProxyHeader {
  /** Octets of the header; what follows belongs to the connection. */
  readonly length: number;
  /** Undefined when the proxy speaks for itself (`LOCAL`) or does not know (`UNKNOWN`, a unix socket). */
  readonly source: ProxySource | undefined;
}

/** The most octets of a header that is accepted: the addresses of version 2 and some 500 octets of extensions. */
const LONGEST = 536;
const LONGEST_LINE = 107;

const LINE_START = Buffer.from("PROXY ");
const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n");
const FIXED = 16;

const MALFORMED = "malformed";
const INCOMPLETE = "incomplete";

type Result = ProxyHeader | typeof MALFORMED | typeof INCOMPLETE;

/**
 * Reads the header at the start of `octets`: HAProxy's PROXY protocol, version 1 (a line) or 2 (binary).
 *
 * Strict, and `incomplete` only for what is shorter than the longest header: whoever collects octets for it needs no
 * limit of its own.
 */
export function parseProxyHeader(octets: Buffer): Result {
  if (startsAlike(octets, LINE_START)) return octets.length < LINE_START.length ? INCOMPLETE : parseLine(octets);
  if (startsAlike(octets, SIGNATURE)) return octets.length < FIXED ? checkFixed(octets) : parseBinary(octets);
  return MALFORMED;
}

/** Whether the shorter of the two begins the longer. */
function startsAlike(octets: Buffer, expected: Buffer): boolean {
  const length = Math.min(octets.length, expected.length);
  return octets.compare(expected, 0, length, 0, length) === 0;
}

function parseLine(octets: Buffer): Result {
  const end = octets.subarray(0, LONGEST_LINE).indexOf("\r\n");
  const line = octets.toString("latin1", LINE_START.length, end === -1 ? LONGEST_LINE : end);
  // CR may be the first half of what ends the line, and nothing else.
  for (let index = 0; index < line.length; index++) {
    const code = line.charCodeAt(index);
    const isLastCr = code === 0x0d && end === -1 && LINE_START.length + index === octets.length - 1;
    if ((code < 0x20 || code > 0x7e) && !isLastCr) return MALFORMED;
  }
  if (end === -1) return octets.length >= LONGEST_LINE ? MALFORMED : INCOMPLETE;
  const length = end + 2;
  // Version 1: what follows UNKNOWN is to be ignored.
  if (line === "UNKNOWN" || line.startsWith("UNKNOWN ")) return { length, source: undefined };
  const [family, source = "", destination = "", sourcePort = "", destinationPort = "", ...more] = line.split(" ");
  const port = portOf(sourcePort);
  const address = addressOf(family, source);
  if (address === undefined || addressOf(family, destination) === undefined) return MALFORMED;
  if (port === -1 || portOf(destinationPort) === -1 || more.length > 0) return MALFORMED;
  return { length, source: { address, port } };
}

function portOf(text: string): number {
  const port = parseDecimal(text);
  return port > 65_535 || (text.length > 1 && text.startsWith("0")) ? -1 : port;
}

const groups = new Uint16Array(8);

function addressOf(family: string | undefined, text: string): string | undefined {
  if (family === "TCP4") return parseIpv4(text) === -1 ? undefined : text;
  if (family !== "TCP6" || !parseIpv6(text, groups)) return undefined;
  return formatGroups();
}

/** The address in `groups` as others write it: RFC 5952, or IPv4 when it is mapped. */
function formatGroups(): string {
  const mapped = mappedIpv4(groups);
  if (mapped !== -1) return formatIpv4(mapped);
  const address = Array.from(groups, (group) => group.toString(16)).join(":");
  return new SocketAddress({ address, family: "ipv6" }).address;
}

const LOCAL = 0x20;
const PROXY = 0x21;

/** Octets of addresses by family and protocol. Datagrams (0x12, 0x22, 0x32) do not come over a connection. */
const ADDRESS_LENGTH = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x21, 36],
  [0x31, 216],
]);

/** What is there of the 16 octets that every header of version 2 has. */
function checkFixed(octets: Buffer): Result {
  const command = octets[12];
  if (command === undefined) return INCOMPLETE;
  if (command !== LOCAL && command !== PROXY) return MALFORMED;
  const family = octets[13];
  return family === undefined || command === LOCAL || ADDRESS_LENGTH.has(family) ? INCOMPLETE : MALFORMED;
}

function parseBinary(octets: Buffer): Result {
  if (checkFixed(octets) === MALFORMED) return MALFORMED;
  const length = FIXED + octets.readUInt16BE(14);
  if (length > LONGEST) return MALFORMED;
  const isLocal = octets[12] === LOCAL;
  const family = octets[13] ?? 0;
  const extensions = FIXED + (ADDRESS_LENGTH.get(family) ?? 0);
  if (!isLocal && length < extensions) return MALFORMED;
  if (octets.length < length) return INCOMPLETE;
  // LOCAL: the receiver must skip whatever addresses there are. UNSPEC: it knows no format for what follows.
  if (isLocal || family === 0x00) return { length, source: undefined };
  if (!areExtensions(octets.subarray(extensions, length))) return MALFORMED;
  if (family === 0x11) {
    const address = formatIpv4(octets.readUInt32BE(FIXED));
    return { length, source: { address, port: octets.readUInt16BE(FIXED + 8) } };
  }
  if (family === 0x31) return { length, source: undefined };
  for (let group = 0; group < 8; group++) groups[group] = octets.readUInt16BE(FIXED + 2 * group);
  return { length, source: { address: formatGroups(), port: octets.readUInt16BE(FIXED + 32) } };
}

/** Whether it is a row of type, length and value. Nothing in them is used here. */
function areExtensions(octets: Buffer): boolean {
  let index = 0;
  while (index + 3 <= octets.length) index += 3 + octets.readUInt16BE(index + 1);
  return index === octets.length;
}
