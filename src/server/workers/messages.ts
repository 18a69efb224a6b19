import type { Serializable } from "node:child_process";
import type { SourcePlace } from "../../base/errors.ts";
import type { LogFields, LogLevel } from "../../base/log.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import type { ListenWhere } from "../../transport/tcp.ts";
import type { Counts } from "./counts.ts";

/** Who accepts: each worker on a socket of its own, among which the kernel chooses, or the primary, in turn. */
export type Dispatch = "reuse-port" | "round-robin";

/** When a worker is replaced though it works: its successor is started first, then it ends what it has. */
export interface Recycling {
  /** Octets of memory (RSS). Default: no limit. */
  readonly memory?: number | undefined;
  /** Milliseconds by which its event loop is late, three seconds in a row. Default: no limit. */
  readonly lag?: number | undefined;
}

/** Milliseconds without a word after which a worker is taken for stuck, unless its config says otherwise. */
export const STUCK = 5000;

/** How long a worker may take before it is ended and replaced, in milliseconds. */
export interface WorkerTimeouts {
  /** From its start until it listens. Default: 30,000. */
  readonly start?: number | undefined;
  /** Without a sign of life, which it gives each second: then its event loop stands still. Default: 5,000. */
  readonly stuck?: number | undefined;
}

/** How a worker is, told every second. */
export interface Pulse extends Counts {
  /** Milliseconds by which the event loop was late at worst since the last one. */
  readonly lag: number;
  /** Octets of memory (RSS). */
  readonly memory: number;
}

/** What a worker wants of its primary: what its config says, which may have changed since the primary started. */
export interface Wishes {
  readonly workers: number | "auto";
  readonly recycle: Recycling;
  readonly timeouts: WorkerTimeouts;
}

/** Why a worker cannot start. */
export interface WorkerFault {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly place: SourcePlace | undefined;
}

/** What a primary tells a worker. All of it is marked, since an app may send messages of its own. */
export type ToWorker = { readonly millrace: true } &
  /** One socket to accept on; `left` more follow. */
  (
    | { readonly kind: "handle"; readonly ask: number; readonly left: number }
    /** There is no socket: connections to this port come one by one. */
    | { readonly kind: "dispatch"; readonly ask: number; readonly port: number }
    | ({ readonly kind: "refusal"; readonly ask: number } & Omit<WorkerFault, "place">)
    | { readonly kind: "connection"; readonly key: string; readonly number: number }
    | { readonly kind: "stop"; readonly deadline: number; readonly isReplaced: boolean }
    | ({ readonly kind: "welcome" } & Welcome)
    /** Answered by `answer`, whenever that may be. */
    | { readonly kind: "ask"; readonly ask: number; readonly topic: string; readonly data: Serializable }
    /** Nobody waits for an answer any more. */
    | { readonly kind: "cancel"; readonly ask: number }
    /** The secrets have been renewed. */
    | { readonly kind: "secrets"; readonly secrets: readonly Uint8Array[] }
    | Broadcast
  );

/** What a worker tells its primary. */
export type ToPrimary = { readonly millrace: true } & (
  | Begin
  | Listen
  | Ready
  | { readonly kind: "failed"; readonly fault: WorkerFault }
  | { readonly kind: "pulse"; readonly pulse: Pulse }
  | {
      readonly kind: "answer";
      readonly ask: number;
      readonly result: Serializable | null;
      readonly fault?: WorkerFault | undefined;
    }
  /** A connection has come through. */
  | { readonly kind: "taken"; readonly number: number }
  /** It wants to end, or was told to. */
  | { readonly kind: "leaving"; readonly reason: string }
  /** It ends because of an error that nobody has caught. */
  | { readonly kind: "failing"; readonly fault: WorkerFault }
  /** For the primary itself. */
  | { readonly kind: "note"; readonly topic: string; readonly data: Serializable }
  /** For the log, once, when several workers have the same to say. */
  | { readonly kind: "said"; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  | Broadcast
);

/** A server of the program begins to start. Answered by `welcome`. */
export interface Begin {
  readonly kind: "begin";
  /** Its number among those of the program. */
  readonly server: number;
  readonly wishes: Wishes;
}

/** A server wants to accept on an address. Answered by `handle` as often as there are sockets, `dispatch` or `refusal`. */
export interface Listen {
  readonly kind: "listen";
  readonly ask: number;
  /** Of the address: see `listenKey`. */
  readonly key: string;
  readonly where: ListenWhere;
}

/** A server listens. */
export interface Ready {
  readonly kind: "ready";
  readonly server: number;
  readonly addresses: readonly ListenAddress[];
}

/** What a worker is told before it listens. */
export interface Welcome {
  /** Newest first. */
  readonly secrets: readonly Uint8Array[];
  /** How many workers there are to be. */
  readonly workers: number;
}

/** Something that other workers are to know. */
export interface Broadcast {
  readonly kind: "broadcast";
  readonly topic: string;
  readonly data: Serializable;
  /** For whom: all others by default, else the one that has served longest, or the process of this id. */
  readonly to?: "eldest" | number | undefined;
  /** Whose process tells it. */
  readonly from?: number | undefined;
}

/** Whether a message is one of these. */
export function isOurs(message: unknown): message is { readonly millrace: true } {
  return typeof message === "object" && message !== null && "millrace" in message;
}
