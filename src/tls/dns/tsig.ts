import { createHmac, timingSafeEqual } from "node:crypto";
import { CLASS, type DnsMessage, encodeRecord, TYPE } from "./dns-message.ts";
import { DnsFormatError, encodeName, readName } from "./dns-name.ts";

/** How messages are signed. RFC 8945 §6: of these two every server has the first. */
export type TsigAlgorithm = "hmac-sha256" | "hmac-sha512";

/** A secret that a server shares with us. */
export interface TsigSecret {
  /** What the server calls it. */
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Buffer;
}

/** Seconds by which the two clocks may differ. RFC 8945 §10. */
const FUDGE = 300;

/** Errors of signatures. RFC 8945 §3, RFC 4635 for BADTRUNC. */
export const TSIG_ERROR = { BADSIG: 16, BADKEY: 17, BADTIME: 18 } as const;

/** What a signature says beside the MAC. */
interface Variables {
  /** Seconds since the epoch. */
  readonly time: number;
  readonly fudge: number;
  readonly error: number;
  readonly other: Buffer;
}

/** A signature that was read. */
interface Tsig extends Variables {
  readonly keyName: string;
  readonly algorithm: string;
  readonly mac: Buffer;
  readonly originalId: number;
  /** Where its record begins. */
  readonly start: number;
}

/** What an answer turned out to be. */
export type Verdict =
  | { readonly kind: "good" }
  /** The server says that our own signature is wrong, with its number and with its time if it told that. */
  | { readonly kind: "refused"; readonly error: number; readonly serverTime: number | undefined }
  /** It is not from somebody who has the secret. */
  | { readonly kind: "unsigned" | "forged" | "late" };

/** Signs a message. @param now seconds since the epoch @returns it with its signature, and the MAC, which the answer is signed with too */
export function signMessage(message: Buffer, key: TsigSecret, now: number): { octets: Buffer; mac: Buffer } {
  const variables: Variables = { time: now, fudge: FUDGE, error: 0, other: Buffer.alloc(0) };
  const mac = macOf([message], key, variables);
  const octets = Buffer.concat([message, recordOf(key, variables, mac, message.readUInt16BE(0))]);
  octets.writeUInt16BE(octets.readUInt16BE(10) + 1, 10);
  return { octets, mac };
}

/** RFC 8945 §4.2. */
function recordOf(key: TsigSecret, { time, fudge, error, other }: Variables, mac: Buffer, id: number): Buffer {
  const before = Buffer.alloc(10);
  before.writeUIntBE(time, 0, 6);
  before.writeUInt16BE(fudge, 6);
  before.writeUInt16BE(mac.length, 8);
  const behind = Buffer.alloc(6);
  behind.writeUInt16BE(id, 0);
  behind.writeUInt16BE(error, 2);
  behind.writeUInt16BE(other.length, 4);
  const data = Buffer.concat([encodeName(key.algorithm), before, mac, behind, other]);
  return encodeRecord({ name: key.name, type: TYPE.TSIG, class: CLASS.ANY, ttl: 0, data });
}

/** RFC 8945 §4.3.3: over what came before, the message as it is without a signature, and what the signature says. */
function macOf(parts: readonly Buffer[], key: TsigSecret, { time, fudge, error, other }: Variables): Buffer {
  const hmac = createHmac(key.algorithm.slice("hmac-".length), key.secret);
  for (const part of parts) hmac.update(part);
  const kind = Buffer.alloc(6);
  kind.writeUInt16BE(CLASS.ANY, 0);
  const numbers = Buffer.alloc(12);
  numbers.writeUIntBE(time, 0, 6);
  numbers.writeUInt16BE(fudge, 6);
  numbers.writeUInt16BE(error, 8);
  numbers.writeUInt16BE(other.length, 10);
  for (const part of [encodeName(key.name), kind, encodeName(key.algorithm), numbers, other]) hmac.update(part);
  return hmac.digest();
}

/**
 * Looks whether an answer is from who has the secret. RFC 8945 §5.3, §5.4.
 *
 * A MAC that was made shorter, which RFC 8945 §5.2.2.1 would let pass, is refused.
 *
 * @param requestMac of the request that it answers
 * @param now seconds since the epoch
 * @throws {DnsFormatError} when the signature cannot be read
 */
export function checkAnswer(message: DnsMessage, key: TsigSecret, requestMac: Buffer, now: number): Verdict {
  const tsig = tsigOf(message);
  if (tsig === undefined) return { kind: "unsigned" };
  const { BADSIG, BADKEY } = TSIG_ERROR;
  // RFC 8945 §5.3.2: the server has no secret to sign these with. Nobody can do with them what he could not do by silence.
  if (tsig.error === BADSIG || tsig.error === BADKEY)
    return { kind: "refused", error: tsig.error, serverTime: undefined };
  if (tsig.keyName !== key.name || tsig.algorithm !== key.algorithm) return { kind: "forged" };
  if (!isSignedBy(message, tsig, key, requestMac)) return { kind: "forged" };
  if (tsig.error !== 0) return { kind: "refused", error: tsig.error, serverTime: timeOf(tsig.other) };
  return Math.abs(now - tsig.time) > tsig.fudge ? { kind: "late" } : { kind: "good" };
}

function isSignedBy(message: DnsMessage, tsig: Tsig, key: TsigSecret, requestMac: Buffer): boolean {
  const unsigned = Buffer.from(message.octets.subarray(0, tsig.start));
  unsigned.writeUInt16BE(tsig.originalId, 0);
  unsigned.writeUInt16BE(message.additional.length - 1, 10);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(requestMac.length);
  const mac = macOf([length, requestMac, unsigned], key, tsig);
  return mac.length === tsig.mac.length && timingSafeEqual(mac, tsig.mac);
}

/** RFC 8945 §5.1: the signature is the last record of all, and there is one. */
function tsigOf({ octets, additional }: DnsMessage): Tsig | undefined {
  const at = additional.findIndex(({ type }) => type === TYPE.TSIG);
  const record = additional[at];
  if (record === undefined) return undefined;
  if (at !== additional.length - 1) throw new DnsFormatError("the signature is not the last record");
  const { name: algorithm, end } = readName(octets, record.dataStart);
  const last = record.dataStart + record.data.length;
  const macEnd = end + 10 + (end + 10 <= last ? octets.readUInt16BE(end + 8) : 0);
  if (macEnd + 6 > last || macEnd + 6 + octets.readUInt16BE(macEnd + 4) !== last) {
    throw new DnsFormatError("the signature is cut off");
  }
  return {
    keyName: record.name,
    algorithm,
    time: octets.readUIntBE(end, 6),
    fudge: octets.readUInt16BE(end + 6),
    mac: octets.subarray(end + 10, macEnd),
    originalId: octets.readUInt16BE(macEnd),
    error: octets.readUInt16BE(macEnd + 2),
    other: octets.subarray(macEnd + 6, last),
    start: record.start,
  };
}

/** RFC 8945 §5.2.3: the time of the server, when that is what is wrong. */
function timeOf(other: Buffer): number | undefined {
  return other.length === 6 ? other.readUIntBE(0, 6) : undefined;
}
