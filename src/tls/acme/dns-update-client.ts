import { randomInt } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { exchangeOverTcp } from "../../transport/tcp-exchange.ts";
import { type DnsMessage, type DnsRequest, encodeMessage, parseMessage } from "../dns/dns-message.ts";
import { DnsFormatError } from "../dns/dns-name.ts";
import { checkAnswer, signMessage, TSIG_ERROR, type TsigSecret, type Verdict } from "../dns/tsig.ts";
import { AcmeError } from "./acme-error.ts";

/** What is spoken to. */
export interface DnsUpdateServer {
  readonly host: string;
  readonly port: number;
  readonly key: TsigSecret;
  readonly clock: Clock;
  /** Milliseconds that it may take for one answer, the connection included. Default: 10,000. */
  readonly timeout?: number | undefined;
}

const TIMEOUT = 10_000;

/** What servers answer, and what whoever runs this one can do. RFC 1035 §4.1.1, RFC 2136 §2.2. */
const RCODES: Readonly<Record<number, readonly [name: string, hint: string]>> = {
  1: ["FORMERR", "The server does not understand the message: see that it knows updates (RFC 2136)."],
  2: ["SERVFAIL", "The server has trouble of its own, such as a zone that it cannot write to: see its log."],
  3: ["NXDOMAIN", "The server does not know the name."],
  4: ["NOTIMP", "The server takes no updates (RFC 2136)."],
  5: ["REFUSED", "The server keeps no zone for the name, or the key may not change it: see its access lists."],
  6: ["YXDOMAIN", "The name exists already."],
  7: ["YXRRSET", "The name is an alias (CNAME), and can have no other record: remove the alias."],
  8: ["NXRRSET", "A record that should be there is not."],
  9: ["NOTAUTH", "The server does not keep the zone, or does not let this key change it: take the primary server."],
  10: ["NOTZONE", "The name is not in the zone: see the option zone."],
};

/** Errors of signatures. RFC 8945 §3. */
const TSIG_ERRORS: Readonly<Record<number, readonly [name: string, hint: string]>> = {
  [TSIG_ERROR.BADSIG]: ["BADSIG", "The server has another secret under this name: see key.secret."],
  [TSIG_ERROR.BADKEY]: [
    "BADKEY",
    "The server does not know the key, or lets it change nothing here: see key.name and key.algorithm.",
  ],
  [TSIG_ERROR.BADTIME]: ["BADTIME", "The clocks differ by more than five minutes: set them."],
};

/** Asks a server over TCP, and takes nothing for its answer that it has not signed. */
export class DnsUpdateClient {
  readonly #server: DnsUpdateServer;

  constructor(server: DnsUpdateServer) {
    this.#server = server;
  }

  /**
   * @param what is done, for messages: "set the record of …"
   * @param passed answers beside NOERROR that are no errors
   * @throws {AcmeError} `ACME_DNS_UPDATE`
   */
  async ask(
    request: Omit<DnsRequest, "id">,
    what: string,
    signal: AbortSignal | undefined,
    passed: readonly number[] = [],
  ): Promise<DnsMessage> {
    const { key, clock } = this.#server;
    const id = randomInt(0x1_0000);
    const { octets, mac } = signMessage(encodeMessage({ id, ...request }), key, seconds(clock));
    const received = await this.#exchange(octets, what, signal);
    try {
      const message = parseMessage(received);
      if (!message.isAnswer || message.id !== id || message.opcode !== request.opcode) {
        throw new DnsFormatError("it is the answer to something else");
      }
      this.#judge(checkAnswer(message, key, mac, seconds(clock)), message, what, passed);
      return message;
    } catch (cause) {
      if (!(cause instanceof DnsFormatError)) throw cause;
      throw this.#failure(what, `its answer cannot be read, ${cause.message}`, "See that it is a DNS server.", cause);
    }
  }

  async #exchange(octets: Buffer, what: string, signal: AbortSignal | undefined): Promise<Buffer> {
    const limit = AbortSignal.timeout(this.#server.timeout ?? TIMEOUT);
    try {
      return await exchangeOverTcp(this.#server, octets, signal ? AbortSignal.any([signal, limit]) : limit);
    } catch (cause) {
      signal?.throwIfAborted();
      const reason = limit.aborted ? "it takes too long" : (cause as Error).message;
      throw this.#failure(what, reason, "See that port 53 of it is reachable over TCP (RFC 7766).", cause);
    }
  }

  #judge(verdict: Verdict, { rcode }: DnsMessage, what: string, passed: readonly number[]): void {
    const isFine = rcode === 0 || passed.includes(rcode);
    if (verdict.kind === "refused") {
      const { error, serverTime } = verdict;
      const [name, hint] = TSIG_ERRORS[error] ?? [`error ${error} of the signature`, "See its log."];
      const time = serverTime === undefined ? "" : `, its clock says ${new Date(serverTime * 1000).toISOString()}`;
      throw this.#failure(what, `${name}${time}`, hint);
    }
    if (verdict.kind === "good" && isFine) return;
    // Who may not know the key may say why he does nothing; that he has done something he has to sign.
    if (verdict.kind === "good" || (verdict.kind === "unsigned" && !isFine)) {
      const [name, hint] = RCODES[rcode] ?? [`RCODE ${rcode}`, "See its log."];
      throw this.#failure(what, name, hint);
    }
    throw this.#failure(what, UNTRUSTED[verdict.kind], "See that key is right, and that nobody stands between.");
  }

  #failure(what: string, reason: string, hint: string, cause?: unknown): AcmeError {
    const { host, port } = this.#server;
    const server = port === 53 ? host : `${host} port ${port}`;
    return new AcmeError("ACME_DNS_UPDATE", `The DNS server ${server} did not ${what}: ${reason}.`, { hint, cause });
  }
}

const UNTRUSTED = {
  unsigned: "its answer is not signed",
  forged: "its answer is signed by somebody else",
  late: "its answer is too old, or the clocks differ",
} as const;

function seconds(clock: Clock): number {
  return Math.floor(clock.wall() / 1000);
}
