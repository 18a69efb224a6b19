import { mergedUpstreams } from "../../extensions/proxy/upstream-health.ts";
import type { LimitStatus, Report } from "../report.ts";
import type { Worker } from "../workers/worker.ts";
import { REPORT } from "./answer-primary.ts";

/** Milliseconds that workers have to say how they are: a stuck one is left out. */
const PATIENCE = 1000;

/** What workers say, put together. */
export interface WorkersReport extends Omit<Report, "limits"> {
  /** Those of each, by process id. */
  readonly limits: ReadonlyMap<number, LimitStatus>;
}

/** Asks all workers how they are. @param server its number in each of them */
export async function reportOfWorkers(workers: readonly Worker[], server: number): Promise<WorkersReport> {
  const asked = workers.filter(({ state }) => state === "ready");
  const signal = AbortSignal.timeout(PATIENCE);
  const answers = await Promise.all(
    asked.map((worker) =>
      worker.questions.ask(`${REPORT}/${server}`, {}, { signal }).then(
        (report) => ({ worker, report: report as Report }),
        () => undefined,
      ),
    ),
  );
  const reports = answers.filter((answer) => answer !== undefined);
  const [first, ...others] = reports;
  return {
    // What one worker does for all is known by the first, which does it.
    tasks: [
      ...(first?.report.tasks ?? []),
      ...others.flatMap(({ report }) => report.tasks.filter((task) => task.workers === "each")),
    ],
    upstreams: mergedUpstreams(reports.flatMap(({ report }) => report.upstreams)),
    certificates: first?.report.certificates ?? [],
    automatic: first?.report.automatic ?? [],
    limits: new Map(reports.map(({ worker, report }) => [worker.pid, report.limits])),
  };
}
