import { DnsFormatError, encodeName, readName } from "./dns-name.ts";

/** Types of records. RFC 1035 §3.2.2, RFC 8945 §4.2. */
export const TYPE = { CNAME: 5, SOA: 6, TXT: 16, TSIG: 250 } as const;
/** Classes, of which NONE and ANY say what is to be done or looked for. RFC 2136 §2.4, §2.5. */
export const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
export const OPCODE = { QUERY: 0, UPDATE: 5 } as const;

const HEADER = 12;
/** RFC 1035 §4.1.1. */
const QR = 0x8000;
const AA = 0x0400;

/** What is asked; the zone of an update. */
export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/** A record. */
export interface DnsRecord extends DnsQuestion {
  /** Seconds. */
  readonly ttl: number;
  readonly data: Buffer;
}

/** A record that was read, and where it stands. */
export interface PlacedRecord extends DnsRecord {
  readonly start: number;
  readonly dataStart: number;
}

/** A message that is written. */
export interface DnsRequest {
  readonly id: number;
  readonly opcode: number;
  readonly question: DnsQuestion;
  /** What has to hold before an update. RFC 2136 §2.4. */
  readonly prerequisites?: readonly DnsRecord[];
  /** RFC 2136 §2.5. */
  readonly updates?: readonly DnsRecord[];
}

/** A message that was read. */
export interface DnsMessage {
  readonly octets: Buffer;
  readonly id: number;
  readonly opcode: number;
  readonly isAnswer: boolean;
  /** Whether it comes from who keeps the zone. */
  readonly isAuthoritative: boolean;
  readonly rcode: number;
  readonly answers: readonly PlacedRecord[];
  readonly authorities: readonly PlacedRecord[];
  readonly additional: readonly PlacedRecord[];
}

/** A message in octets, not signed. RFC 1035 §4.1; of an update RFC 2136 §2. */
export function encodeMessage({ id, opcode, question, prerequisites = [], updates = [] }: DnsRequest): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(opcode << 11, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(prerequisites.length, 6);
  header.writeUInt16BE(updates.length, 8);
  const numbers = Buffer.alloc(4);
  numbers.writeUInt16BE(question.type, 0);
  numbers.writeUInt16BE(question.class, 2);
  const records = [...prerequisites, ...updates].map(encodeRecord);
  return Buffer.concat([header, encodeName(question.name), numbers, ...records]);
}

/** A record in octets. RFC 1035 §4.1.3. */
export function encodeRecord({ name, type, class: kind, ttl, data }: DnsRecord): Buffer {
  const numbers = Buffer.alloc(10);
  numbers.writeUInt16BE(type, 0);
  numbers.writeUInt16BE(kind, 2);
  numbers.writeUInt32BE(ttl, 4);
  numbers.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), numbers, data]);
}

/** The data of a TXT record: strings of 255 octets at most. RFC 1035 §3.3.14. */
export function textData(text: string): Buffer {
  const octets = Buffer.from(text, "utf8");
  const parts: Buffer[] = [];
  for (let start = 0; start === 0 || start < octets.length; start += 255) {
    const part = octets.subarray(start, start + 255);
    parts.push(Buffer.of(part.length), part);
  }
  return Buffer.concat(parts);
}

/** Reads a message, all of it. @throws {DnsFormatError} */
export function parseMessage(octets: Buffer): DnsMessage {
  if (octets.length < HEADER) throw new DnsFormatError("the header is cut off");
  const flags = octets.readUInt16BE(2);
  const [questions, ...counts] = [4, 6, 8, 10].map((at) => octets.readUInt16BE(at)) as [number, ...number[]];
  let at = HEADER;
  for (let left = questions; left > 0; left--) at = readName(octets, at).end + 4;
  const sections = counts.map((count) => {
    const records: PlacedRecord[] = [];
    for (let left = count; left > 0; left--) {
      const record = readRecord(octets, at);
      records.push(record);
      at = record.dataStart + record.data.length;
    }
    return records;
  });
  if (at !== octets.length) throw new DnsFormatError("it does not end where it should");
  const [answers, authorities, additional] = sections as [PlacedRecord[], PlacedRecord[], PlacedRecord[]];
  return {
    octets,
    id: octets.readUInt16BE(0),
    opcode: (flags >> 11) & 0xf,
    isAnswer: (flags & QR) !== 0,
    isAuthoritative: (flags & AA) !== 0,
    rcode: flags & 0xf,
    answers,
    authorities,
    additional,
  };
}

function readRecord(octets: Buffer, start: number): PlacedRecord {
  const { name, end } = readName(octets, start);
  const dataStart = end + 10;
  if (dataStart > octets.length) throw new DnsFormatError("a record is cut off");
  const length = octets.readUInt16BE(end + 8);
  if (dataStart + length > octets.length) throw new DnsFormatError("the data of a record is cut off");
  return {
    name,
    type: octets.readUInt16BE(end),
    class: octets.readUInt16BE(end + 2),
    ttl: octets.readUInt32BE(end + 4),
    data: octets.subarray(dataStart, dataStart + length),
    start,
    dataStart,
  };
}
