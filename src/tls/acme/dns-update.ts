import { lowerAscii } from "../../base/ascii.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { MillraceError } from "../../base/errors.ts";
import { parseHost } from "../../fields/host.ts";
import { CLASS, type DnsRecord, OPCODE, textData, TYPE } from "../dns/dns-message.ts";
import { encodeName, isWithin } from "../dns/dns-name.ts";
import type { TsigAlgorithm, TsigSecret } from "../dns/tsig.ts";
import { AcmeError } from "./acme-error.ts";
import type { DnsProvider } from "./dns-solver.ts";
import { DnsUpdateClient } from "./dns-update-client.ts";

/** A key that a name server knows us by: TSIG, RFC 8945. */
export interface TsigKey {
  /** What the server calls it. */
  readonly name: string;
  /** In base64, as `tsig-keygen` and `keymgr -t` write it. Danger: it is a secret; take it from the environment. */
  readonly secret: string;
  /** Default: `"hmac-sha256"`. */
  readonly algorithm?: TsigAlgorithm | undefined;
}

/** How records are set by {@link dnsUpdate}. */
export interface DnsUpdateOptions {
  /** The primary name server of the zone: `"ns1.example.com"`, `"192.0.2.1:5353"` or `"[2001:db8::1]"`. Default port: 53. */
  readonly server: string;
  readonly key: TsigKey;
  /** The zone that the records are in, such as `"example.com"`. Default: the server is asked. */
  readonly zone?: string | undefined;
}

/** Seconds that resolvers may keep a record, which is of use for a minute or two. */
const TTL = 60;
/** RFC 1035 §4.1.1: there is no such name; its zone is told all the same. */
const NXDOMAIN = 3;

/**
 * Has a name server of your own set the records, by dynamic updates (RFC 2136) signed with a key that both know
 * (RFC 8945): BIND, Knot, PowerDNS and others take them. Everything goes over TCP. An update adds or removes one record:
 * what else a name has stays.
 *
 * @throws {MillraceError} `BAD_OPTION`; the provider's functions throw `ACME_DNS_UPDATE`
 * @example
 * const acme = {
 *   agree: true,
 *   challenge: dnsUpdate({ server: "ns1.example.com", key: { name: "millrace", secret: process.env.TSIG_SECRET! } }),
 * };
 */
export function dnsUpdate(options: DnsUpdateOptions): DnsProvider {
  return dnsUpdateWith(options, systemClock);
}

/** The same on a clock. */
export function dnsUpdateWith(options: DnsUpdateOptions, clock: Clock): DnsProvider {
  const { server, zone, key } = checked(options);
  const client = new DnsUpdateClient({ ...server, key, clock });
  const update = async (what: string, record: DnsRecord, signal?: AbortSignal): Promise<void> => {
    const { name } = record;
    const within = zone ?? (await zoneOf(client, name, signal));
    if (!isWithin(name, within)) throw outside(name, within);
    // RFC 2136 §3.4.2.2: beside an alias the record would be passed over without a word.
    const noAlias = { name, type: TYPE.CNAME, class: CLASS.NONE, ttl: 0, data: Buffer.alloc(0) };
    const prerequisites = record.class === CLASS.IN ? [noAlias] : [];
    const question = { name: within, type: TYPE.SOA, class: CLASS.IN };
    const message = { opcode: OPCODE.UPDATE, question, prerequisites, updates: [record] };
    await client.ask(message, `${what} the record of ${name}`, signal);
  };
  return {
    present: (name, value, signal) => update("set", recordOf(name, value, CLASS.IN, TTL), signal),
    // RFC 2136 §2.5.4: a record of class NONE is the one that is removed, and no other.
    cleanUp: (name, value) => update("remove", recordOf(name, value, CLASS.NONE, 0)),
  };
}

function recordOf(name: string, value: string, kind: number, ttl: number): DnsRecord {
  return { name: nameOf(name), type: TYPE.TXT, class: kind, ttl, data: textData(value) };
}

/** In the form that names are compared in. */
function nameOf(name: string): string {
  return lowerAscii(name.endsWith(".") ? name.slice(0, -1) : name);
}

/** Which zone of the server a name is in: whatever it is asked, it tells by the SOA record. RFC 2308 §3. */
async function zoneOf(client: DnsUpdateClient, name: string, signal: AbortSignal | undefined): Promise<string> {
  for (let at = name; at !== ""; at = at.includes(".") ? at.slice(at.indexOf(".") + 1) : "") {
    const question = { name: at, type: TYPE.SOA, class: CLASS.IN };
    const what = `tell the zone of ${name}`;
    const answer = await client.ask({ opcode: OPCODE.QUERY, question }, what, signal, [NXDOMAIN]);
    // What an alias leads to may be in another zone; where it stands itself, perhaps by a wildcard, the names above tell.
    if (answer.answers.some(({ type }) => type === TYPE.CNAME)) continue;
    const records = [...answer.answers, ...answer.authorities];
    const soa = records.find(({ type, name: owner }) => type === TYPE.SOA && isWithin(at, owner));
    if (soa !== undefined && answer.isAuthoritative) return soa.name;
    break;
  }
  throw new AcmeError("ACME_DNS_UPDATE", `The DNS server keeps no zone that ${name} is in.`, {
    hint: "Take the primary server of the zone. If it does not answer for it, set the option zone.",
  });
}

function outside(name: string, zone: string): AcmeError {
  return new AcmeError("ACME_DNS_UPDATE", `${name} is not in the zone ${zone}.`, {
    hint: "Leave the option zone away, and the server is asked.",
  });
}

interface Checked {
  readonly server: { readonly host: string; readonly port: number };
  readonly zone: string | undefined;
  readonly key: TsigSecret;
}

const ALGORITHMS: readonly unknown[] = ["hmac-sha256", "hmac-sha512"];

function checked({ server, key, zone }: DnsUpdateOptions): Checked {
  const where = typeof server === "string" ? parseHost(server) : undefined;
  if (where === undefined) throw badOption("server", 'a name or an address, such as "ns1.example.com:53"');
  const { name, secret, algorithm = "hmac-sha256" } = key ?? {};
  if (!isName(name)) throw badOption("key.name", "the name of a key");
  // Values may be secrets: they are not shown.
  if (typeof secret !== "string" || !/^[A-Za-z0-9+/]{4,}={0,2}$/.test(secret)) {
    throw badOption("key.secret", "the secret in base64");
  }
  if (!ALGORITHMS.includes(algorithm)) throw badOption("key.algorithm", '"hmac-sha256" or "hmac-sha512"');
  if (zone !== undefined && !isName(zone)) throw badOption("zone", 'a name, such as "example.com"');
  return {
    server: { host: where.name.replace(/^\[(.*)\]$/, "$1"), port: where.port === -1 ? 53 : where.port },
    zone: zone === undefined ? undefined : nameOf(zone),
    key: { name: nameOf(name), secret: Buffer.from(secret, "base64"), algorithm },
  };
}

function isName(value: unknown): value is string {
  try {
    return typeof value === "string" && value !== "" && encodeName(value).length > 1;
  } catch {
    return false;
  }
}

function badOption(option: string, wanted: string): MillraceError {
  return new MillraceError("BAD_OPTION", `The option ${option} of dnsUpdate() is to be ${wanted}.`);
}
