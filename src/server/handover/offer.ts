import type { NotifyHeritage } from "../system/systemd-notify.ts";
import type { ListenWhere } from "../../transport/tcp.ts";

/** What both sides have to agree on: raised when what is said below changes its meaning. */
export const HANDOVER_PROTOCOL = 1;

/** Who a process is, to the other side of a handover. */
export interface Party {
  readonly pid: number;
  /** Of this package. */
  readonly version: string;
}

/** What a running instance answers to `takeover`: the sockets themselves come over `path`, one by one, in this order. */
export interface Offer extends Party {
  readonly path: string;
  readonly addresses: readonly OfferedAddress[];
  /** What all workers share, newest first, in base64: what was made with them stays good. */
  readonly secrets: readonly string[];
  /** How systemd hears of the server; undefined when it does not, or before that was told. */
  readonly notify?: NotifyHeritage | undefined;
}

/** One address that is handed over. */
export interface OfferedAddress {
  readonly key: string;
  readonly where: ListenWhere;
  readonly isReusable: boolean;
  /** How many sockets it has. */
  readonly count: number;
}

/** What the heir says afterwards, one line each, unanswered. */
export type HeirWord =
  /** So many sockets have come. */
  | { readonly heir: "took"; readonly number: number }
  /** It listens at these addresses, and has the name: whoever had it before may go. */
  | { readonly heir: "ready"; readonly keys: readonly string[] };
