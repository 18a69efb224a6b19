import { constants } from "node:os";
import { isatty } from "node:tty";
import { currentFleet } from "../server/workers/enrolment.ts";
import { membership } from "../server/workers/membership.ts";
import { watchUncaught } from "../server/uncaught.ts";
import type { WebServer } from "../server/web-server.ts";

const STDOUT = 1;

/**
 * Stops a server on SIGINT and SIGTERM: the first lets exchanges end, the second does not. SIGHUP reloads, SIGUSR1 reopens
 * log files.
 */
export function stopOnSignals(server: WebServer): void {
  process.on("SIGUSR1", () => void server.reopenLogs());
  // A worker is told by its primary.
  if (membership !== undefined) return;
  let signalled = false;
  const onSignal = (signal: "SIGINT" | "SIGTERM"): void => {
    if (signalled) {
      currentFleet()?.abort();
      process.exit(128 + constants.signals[signal]);
    }
    signalled = true;
    if (process.stderr.isTTY) process.stderr.write("\nStopping. Once more to stop at once.\n");
    void server.stop().then(
      () => process.exit(),
      () => process.exit(1),
    );
  };
  watchUncaught(server.log, (_, deadline) => server.stop({ deadline }));
  const onTerminal = isatty(STDOUT);
  process.on("SIGHUP", () => {
    // A terminal that is closed sends it, too: what was started on it ends with it.
    if (onTerminal && !isatty(STDOUT)) onSignal("SIGTERM");
    // Why a reload has failed is in the log.
    else void server.reload().catch(() => {});
  });
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}
