/** How a run of a task ended. */
export interface LastRun {
  readonly started: Date;
  /** Milliseconds. */
  readonly duration: number;
  /** What went wrong; undefined when nothing did. */
  readonly error: string | undefined;
}

/** What a task does and has done. */
export interface TaskStatus {
  readonly name: string;
  /** Its schedule in words: `every 10 minutes`, `0 7 * * MON-FRI (Europe/Berlin)`, `at start`. */
  readonly when: string;
  /** Whether one worker runs it for all, or each for itself. */
  readonly workers: "one" | "each";
  /** Whose task it is, such as a script's path. */
  readonly owner: string | undefined;
  /** `done`: it is never due again. */
  readonly state: "stopped" | "waiting" | "running" | "sleeping" | "done";
  /** When it is due, or the end of its sleep, whichever is sooner; undefined when neither is to come. */
  readonly due: Date | undefined;
  /** Runs under way. */
  readonly running: number;
  /** Runs that have begun. */
  readonly runs: number;
  /** Runs that threw or rejected. */
  readonly failures: number;
  /** Times that it was due and did not run, since it still ran. */
  readonly skipped: number;
  /** Times that another process had it. */
  readonly elsewhere: number;
  /** The run that ended last. */
  readonly last: LastRun | undefined;
}
