import { parseHost } from "../fields/host.ts";
import { parseIpv4 } from "../fields/ip-address.ts";

/** What is known of a client before anything is answered. RFC 8446 §4.1.2. */
export interface ClientHello {
  /** The name that the client asks for, in ASCII lower case without final dot; empty when it names none. RFC 6066 §3. */
  readonly name: string;
  /** The protocols that it offers, in its order. RFC 7301. */
  readonly protocols: readonly string[];
  /** The name of the key that its session ticket is sealed with (latin1); empty without a ticket. RFC 5077 §4. */
  readonly ticket: string;
  /**
   * What decides which certificate is shown to a client that asks for its status; undefined for others, and for those that
   * say of signatures in certificates what differs (RFC 8446 §4.2.3), which is for OpenSSL to weigh.
   */
  readonly abilities: ClientAbilities | undefined;
}

/** What a client can do, as far as it decides between kinds of keys: numbers of IANA's lists. */
export interface ClientAbilities {
  /** Empty before TLS 1.3. RFC 8446 §4.2.1. */
  readonly versions: readonly number[];
  /** Of TLS 1.2, where they name the kind of the key. RFC 8422 §2. */
  readonly suites: readonly number[];
  /** RFC 8446 §4.2.7. */
  readonly groups: readonly number[];
  /** RFC 8446 §4.2.3. */
  readonly signatures: readonly number[];
}

/** Octets of a hello, and records that it may come in: clients send 0.3 to 2 KiB in one. */
const LONGEST = 32 * 1024;
const MOST_RECORDS = 8;
const RECORD_HEADER = 5;
/** RFC 8446 §5.1. */
const LONGEST_RECORD = 16 * 1024;
const HANDSHAKE = 22;
/** Of every version since SSL 3.0. */
const MAJOR = 3;
const CLIENT_HELLO = 1;

const SERVER_NAME = 0;
const STATUS_REQUEST = 5;
const GROUPS = 10;
const SIGNATURES = 13;
const PROTOCOLS = 16;
const SESSION_TICKET = 35;
const PRE_SHARED_KEY = 41;
const VERSIONS = 43;
const CERTIFICATE_SIGNATURES = 50;

/** RFC 6066 §8. */
const OCSP = 1;

/** OpenSSL puts the name of the key before what is sealed with it. */
const KEY_NAME = 16;

/**
 * Reads the first message of a client: "incomplete" while some of it is missing, "malformed" when it is none.
 *
 * Only what chooses a certificate is looked at; everything else is for the TLS library to judge, which gets the same octets.
 */
export function parseClientHello(octets: Buffer): ClientHello | "incomplete" | "malformed" {
  const message = messageOf(octets);
  if (typeof message === "string") return message;
  try {
    return read(new Reader(message, 0, message.length));
  } catch (error) {
    if (error instanceof RangeError) return "malformed";
    throw error;
  }
}

/** The hello without its header, which may be spread over several records. RFC 8446 §5.1. */
function messageOf(octets: Buffer): Buffer | "incomplete" | "malformed" {
  if (octets[0] !== HANDSHAKE || (octets.length > 1 && octets[1] !== MAJOR)) return "malformed";
  let message: Buffer | undefined;
  let at = 0;
  for (let records = 0; octets.length - at >= RECORD_HEADER; records++) {
    if (records === MOST_RECORDS) return "malformed";
    const length = octets.readUInt16BE(at + 3);
    if (octets[at] !== HANDSHAKE || octets[at + 1] !== MAJOR || length === 0 || length > LONGEST_RECORD)
      return "malformed";
    const end = at + RECORD_HEADER + length;
    const part = octets.subarray(at + RECORD_HEADER, end);
    message = message === undefined ? part : Buffer.concat([message, part]);
    if (message.length >= 4) {
      const size = message.readUIntBE(1, 3);
      if (message[0] !== CLIENT_HELLO || size > LONGEST) return "malformed";
      if (message.length >= 4 + size) return message.subarray(4, 4 + size);
    }
    if (end > octets.length) break;
    at = end;
  }
  return "incomplete";
}

/** Reads vectors of TLS: octets behind their length. RFC 8446 §3.4. */
class Reader {
  readonly #octets: Buffer;
  #at: number;
  readonly #end: number;

  constructor(octets: Buffer, at: number, end: number) {
    this.#octets = octets;
    this.#at = at;
    this.#end = end;
  }

  get isOver(): boolean {
    return this.#at >= this.#end;
  }

  /** @throws {RangeError} when there are fewer */
  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) throw new RangeError("A vector is longer than what it stands in");
    this.#at += length;
    return at;
  }

  skip(length: number): void {
    this.#take(length);
  }

  number(octets: 1 | 2): number {
    const at = this.#take(octets);
    const first = this.#octets[at]!;
    return octets === 1 ? first : (first << 8) | this.#octets[at + 1]!;
  }

  skipVector(lengthOctets: 1 | 2): void {
    this.#take(this.number(lengthOctets));
  }

  vector(lengthOctets: 1 | 2): Reader {
    const length = this.number(lengthOctets);
    const at = this.#take(length);
    return new Reader(this.#octets, at, at + length);
  }

  /** All that is left, as numbers of two octets each. */
  numbers(): number[] {
    const numbers: number[] = [];
    while (!this.isOver) numbers.push(this.number(2));
    return numbers;
  }

  /** The first octets of what is left, or all of it when it is shorter. */
  text(length: number = Infinity): string {
    return this.#octets.toString("latin1", this.#at, Math.min(this.#at + length, this.#end));
  }
}

function read(hello: Reader): ClientHello {
  // legacy_version and random; legacy_session_id; cipher_suites; legacy_compression_methods.
  hello.skip(34);
  hello.skipVector(1);
  const suites = hello.vector(2);
  hello.skipVector(1);
  let name = "";
  let protocols: readonly string[] = [];
  let ticket = "";
  let asksStatus = false;
  let limitsChains = false;
  let versions: Reader | undefined;
  let groups: Reader | undefined;
  let signatures: Reader | undefined;
  const extensions = hello.isOver ? hello : hello.vector(2);
  while (!extensions.isOver) {
    const type = extensions.number(2);
    if (type === SERVER_NAME) name = nameOf(extensions.vector(2));
    else if (type === PROTOCOLS) protocols = protocolsOf(extensions.vector(2));
    else if (type === SESSION_TICKET) ticket ||= extensions.vector(2).text(KEY_NAME);
    else if (type === PRE_SHARED_KEY) ticket = extensions.vector(2).vector(2).vector(2).text(KEY_NAME);
    else if (type === STATUS_REQUEST) asksStatus = extensions.vector(2).number(1) === OCSP;
    else if (type === VERSIONS) versions = extensions.vector(2).vector(1);
    else if (type === GROUPS) groups = extensions.vector(2).vector(2);
    else if (type === SIGNATURES) signatures = extensions.vector(2).vector(2);
    else {
      if (type === CERTIFICATE_SIGNATURES) limitsChains = true;
      extensions.skipVector(2);
    }
  }
  if (!asksStatus || limitsChains) return { name, protocols, ticket, abilities: undefined };
  const [ofVersions = [], ofGroups = [], ofSignatures = []] = [versions, groups, signatures].map((each) =>
    each?.numbers(),
  );
  const abilities = { versions: ofVersions, suites: suites.numbers(), groups: ofGroups, signatures: ofSignatures };
  return { name, protocols, ticket, abilities };
}

/** RFC 6066 §3: one name for each type, and there is but one type. An address is no name, and is taken for none. */
function nameOf(data: Reader): string {
  const list = data.vector(2);
  if (list.number(1) !== 0) return "";
  const text = list.vector(2).text();
  const host = parseHost(text);
  if (host === undefined || host.port !== -1 || isAddress(host.name)) return "";
  return host.name;
}

function isAddress(name: string): boolean {
  return name.startsWith("[") || parseIpv4(name) !== -1;
}

function protocolsOf(data: Reader): string[] {
  const list = data.vector(2);
  const protocols: string[] = [];
  while (!list.isOver) protocols.push(list.vector(1).text());
  return protocols;
}
