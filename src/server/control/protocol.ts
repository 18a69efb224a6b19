import type { Selection, StoreCounts } from "../../cache/store.ts";
import type { UpstreamStatus } from "../../extensions/proxy/upstream-health.ts";
import type { Asked } from "../handover/giving.ts";
import type { AcmeStatus } from "../../tls/acme/kept-subject.ts";
import type { CertificateStatus, LimitStatus } from "../report.ts";
import type { TaskStatus } from "../scheduler/task-status.ts";
import type { Dispatch, WorkerFault } from "../workers/messages.ts";

/** What is asked over a control socket: one JSON object a line. Each gets one {@link Reply}, in one line. */
export type Command =
  | { readonly command: "ping" }
  | { readonly command: "status" }
  /** The reply comes when new workers listen; with `wait` when the old ones have ended. */
  | { readonly command: "reload"; readonly wait?: boolean }
  /** The reply comes at once; the channel closes when the instance ends. */
  | { readonly command: "stop" }
  /** All log files, in all workers. */
  | { readonly command: "reopen" }
  | { readonly command: "clear"; readonly selection: Selection; readonly soft?: boolean }
  /** The commands of the server's own; the result is a list of `{ name, summary }`. */
  | { readonly command: "commands" }
  /** A process wants to stand in for this one: the result is an offer, and then it speaks in words of its own. */
  | ({ readonly command: "takeover" } & Asked)
  /** Runs one of them, until it is over or the channel is closed. */
  | { readonly command: "call"; readonly name: string; readonly args: readonly string[] };

/** What is answered. */
export type Reply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: WorkerFault };

/** How one worker is. */
export interface WorkerStatus {
  readonly id: number;
  readonly pid: number;
  /** Which load of the program it runs: 1, and one more with each reload. */
  readonly generation: number;
  readonly state: string;
  /** Seconds. */
  readonly uptime: number;
  /** Octets (RSS). */
  readonly memory: number;
  /** Milliseconds by which its event loop was late at worst in the last second. */
  readonly lag: number;
  readonly connections: number;
  readonly requests: number;
  /** Undefined when it has not answered within a second, or does not serve. */
  readonly limits: LimitStatus | undefined;
}

/** How an instance is. */
export interface Status {
  readonly name: string;
  readonly pid: number;
  /** Of this package. */
  readonly version: string;
  readonly node: string;
  readonly state: string;
  /** Seconds. */
  readonly uptime: number;
  /** Octets (RSS) of this process. */
  readonly memory: number;
  readonly addresses: readonly string[];
  readonly generation: number;
  /** Undefined without workers. */
  readonly dispatch: Dispatch | undefined;
  /** Empty without workers. */
  readonly workers: readonly WorkerStatus[];
  readonly connections: number;
  /** Since the start. What a worker answered in the second before it ended is not counted. */
  readonly requests: number;
  readonly cache: StoreCounts | undefined;
  /** Of several workers those of the first, which runs them; tasks that each worker runs are there once for each. */
  readonly tasks: readonly TaskStatus[];
  /** Servers that this one proxies to. */
  readonly upstreams: readonly UpstreamStatus[];
  readonly certificates: readonly CertificateStatus[];
  /** Certificates that the server orders itself. */
  readonly automatic: readonly AcmeStatus[];
  /** Of this process; undefined with workers, which have their own. */
  readonly limits: LimitStatus | undefined;
}
