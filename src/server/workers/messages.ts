import type { Serializable } from "node:child_process";
import type { ListenAddress } from "../../transport/connection.ts";
import type { ListenWhere } from "../../transport/tcp.ts";

/** Who accepts: each worker on a socket of its own, among which the kernel chooses, or the primary, in turn. */
export type Dispatch = "reuse-port" | "round-robin";

/** How a worker is, told every second. */
export interface Pulse {
  /** Milliseconds by which the event loop was late at worst since the last one. */
  readonly lag: number;
  /** Octets of memory (RSS). */
  readonly memory: number;
  readonly connections: number;
  readonly requests: number;
}

/** What a primary tells a worker. All of it is marked, since an app may send messages of its own. */
export type ToWorker = { readonly millrace: true } & (
  | { readonly kind: "handle"; readonly ask: number; readonly dispatch: Dispatch }
  | {
      readonly kind: "refusal";
      readonly ask: number;
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
    }
  | { readonly kind: "connection"; readonly key: string }
  | { readonly kind: "stop"; readonly deadline: number; readonly isReplaced: boolean }
  | Broadcast
);

/** What a worker tells its primary. */
export type ToPrimary = { readonly millrace: true } & (
  | { readonly kind: "listen"; readonly ask: number; readonly key: string; readonly where: ListenWhere }
  | { readonly kind: "ready"; readonly server: number; readonly addresses: readonly ListenAddress[] }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "pulse"; readonly pulse: Pulse }
  | Broadcast
);

/** Something that all workers are to know. */
export interface Broadcast {
  readonly kind: "broadcast";
  readonly topic: string;
  readonly data: Serializable;
}

/** Whether a message is one of these. */
export function isOurs(message: unknown): message is { readonly millrace: true } {
  return typeof message === "object" && message !== null && "millrace" in message;
}
