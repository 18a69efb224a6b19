import type { Peer } from "./peers/peer.ts";

/** What the command line says about how to measure. */
export interface Effort {
  /** Turns through all peers of a row. */
  readonly rounds: number;
  /** Length of one visit, in whole seconds. */
  readonly seconds: number;
  /** True for a run that only shows that everything works. */
  readonly quick: boolean;
}

/** One peer's figures in a row: a number per round, lower is better, and what stands beside them in the table. */
export interface Measured {
  readonly name: string;
  readonly rounds: readonly number[];
  readonly beside: Readonly<Record<string, string>>;
}

/** A peer that takes no part, and why. */
export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

/** What a row hands to the report. */
export interface Outcome {
  readonly measured: readonly Measured[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
}

/** One question put to several servers. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** What `Measured.rounds` holds, with its unit. */
  readonly measure: string;
  /** The one whose ratio to each other is told. */
  readonly subject: string;
  /** Names out of `peers/all.ts`. A row that starts its servers itself may have none. */
  readonly peers: readonly string[];
  run(peers: readonly Peer[], effort: Effort): Promise<Outcome>;
}
