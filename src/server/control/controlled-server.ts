import { readFileSync } from "node:fs";
import { MillraceError } from "../../base/errors.ts";
import { urlOf } from "../url-of.ts";
import type { WebServer } from "../web-server.ts";
import { sumOf } from "../workers/counts.ts";
import type { Primary } from "../workers/primary.ts";
import type { Worker } from "../workers/worker.ts";
import type { Controlled } from "./control.ts";
import type { WorkerStatus } from "./protocol.ts";

/** A server as its control socket sees it. @param primary of its workers, if it has some */
export function controlledServer(server: WebServer, primary: Primary | undefined): Controlled {
  return {
    status() {
      const workers = primary?.workers ?? [];
      const { connections, requests, cache } =
        primary === undefined ? server.counts : sumOf(workers.flatMap(({ pulse }) => pulse ?? []));
      return {
        pid: process.pid,
        version: versionOf(),
        node: process.version,
        state: server.state,
        uptime: Math.round(process.uptime()),
        memory: process.memoryUsage.rss(),
        addresses: server.addresses.map(urlOf),
        generation: primary?.generation ?? 1,
        dispatch: primary?.dispatch,
        workers: workers.map(statusOf),
        connections,
        requests: requests + (primary?.pastRequests ?? 0),
        cache,
      };
    },
    async reload(wait) {
      if (primary === undefined) {
        throw new MillraceError("NEEDS_WORKERS", "This instance has no workers, so it cannot be reloaded.", {
          hint: "Start it with --workers 1 or more.",
        });
      }
      const old = primary.workers;
      await primary.reload();
      if (wait) await Promise.all(old.map(({ ended }) => ended));
      return { generation: primary.generation, workers: primary.workers.length };
    },
    stop() {
      // As the signal does: whoever handles it, such as the command line, knows how this program ends.
      if (process.listenerCount("SIGTERM") > 0) process.emit("SIGTERM");
      else void server.stop();
    },
    clear(selection, soft) {
      if (primary === undefined) return { cleared: server.cache?.purge(selection, { soft }) ?? 0 };
      primary.broadcast("purge", { selection, soft });
      return { workers: primary.workers.length };
    },
  };
}

function statusOf({ id, pid, generation, state, began, pulse }: Worker): WorkerStatus {
  const { memory = 0, lag = 0, connections = 0, requests = 0 } = pulse ?? {};
  const uptime = Math.round((performance.now() - began) / 1000);
  return { id, pid, generation, state, uptime, memory, lag: Math.round(lag), connections, requests };
}

function versionOf(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
