import { hkdfSync } from "node:crypto";

/** Secrets that session tickets are sealed with: the same in every worker. */
export interface TicketSecrets {
  readonly current: Buffer;
  /** Tickets of it are still taken. */
  readonly previous: Buffer | undefined;
}

const KEY = 48;
const NAME = 16;

/** A key as OpenSSL takes it: 16 octets of name, that stand before each ticket, 16 for HMAC and 16 for AES. */
export interface TicketKey {
  readonly octets: Buffer;
  /** latin1. */
  readonly name: string;
}

/**
 * The key for one host of a secret. A ticket of one host opens nothing at another: a session that was begun where no
 * client certificate is asked for cannot be resumed where one is. RFC 8446 §4.6.1; CVE-2025-23419.
 */
export function ticketKeyOf(secret: Buffer, host: string): TicketKey {
  const octets = Buffer.from(hkdfSync("sha256", secret, "", `millrace session tickets ${host}`, KEY));
  return { octets, name: octets.toString("latin1", 0, NAME) };
}
