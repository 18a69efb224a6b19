import { MillraceError } from "../../base/errors.ts";
import { ownVersion } from "../own-version.ts";
import type { Service } from "../system/service.ts";
import { urlOf } from "../url-of.ts";
import type { WebServer } from "../web-server.ts";
import { sumOf } from "../workers/counts.ts";
import type { ServerWorkers } from "../workers/server-workers.ts";
import type { Worker } from "../workers/worker.ts";
import { callCommand, listCommands } from "../commands.ts";
import type { LimitStatus } from "../report.ts";
import { CALL } from "./answer-primary.ts";
import type { Controlled } from "./control.ts";
import type { WorkerStatus } from "./protocol.ts";
import { reportOfWorkers } from "./worker-reports.ts";

/** A server as its control socket sees it. @param service what it is to the system, for who hands it over */
export function controlledServer(server: WebServer, own: ServerWorkers, service?: Service): Controlled {
  const version = ownVersion();
  const stopping = new AbortController();
  server.hooks.add("drain", () => stopping.abort());
  return {
    async status() {
      const { primary } = own;
      const workers = primary?.workers ?? [];
      // Before its first reload a process may have served itself.
      const { connections, requests, cache } = sumOf([server.counts, ...workers.flatMap(({ pulse }) => pulse ?? [])]);
      const inside = primary === undefined ? undefined : await reportOfWorkers(workers, own.number);
      const { tasks, upstreams, certificates, automatic } = inside ?? server.report;
      return {
        pid: process.pid,
        version,
        node: process.version,
        state: server.state,
        uptime: Math.round(process.uptime()),
        memory: process.memoryUsage.rss(),
        addresses: server.addresses.map(urlOf),
        generation: primary?.generations.current.generation ?? 1,
        dispatch: primary?.dispatch,
        workers: workers.map((worker) => statusOf(worker, inside?.limits.get(worker.pid))),
        connections,
        requests: requests + (primary?.pastRequests ?? 0),
        cache,
        tasks,
        upstreams,
        certificates,
        automatic,
        limits: inside === undefined ? server.report.limits : undefined,
      };
    },
    async reload(wait) {
      const old = own.primary?.workers ?? [];
      await server.reload();
      if (wait) await Promise.all([server.retired, ...old.map(({ ended }) => ended)]);
      const { generations, workers } = own.primary!;
      return { generation: generations.current.generation, workers: workers.length };
    },
    stop() {
      // As the signal does: whoever handles it, such as the command line, knows how this program ends.
      if (process.listenerCount("SIGTERM") > 0) process.emit("SIGTERM");
      else void server.stop();
    },
    reopenLogs: () => server.reopenLogs(),
    clear(selection, soft) {
      const { primary } = own;
      const cleared = server.cache?.purge(selection, { soft }) ?? 0;
      if (primary === undefined) return { cleared };
      primary.switchboard.broadcast("purge", { selection, soft });
      return { workers: primary.workers.length };
    },
    async give(asked, channel, control) {
      const { giveServer } = await import("../handover/give-server.ts");
      const self = { pid: process.pid, version };
      return giveServer(asked, channel, { server, primary: own.primary, control, self, service });
    },
    commands: () => listCommands(server.options.commands),
    async call(call, signal) {
      const { primary } = own;
      if (primary === undefined) {
        return callCommand(server.options.commands, call, AbortSignal.any([signal, stopping.signal]));
      }
      const first = primary.workers.find(({ state }) => state === "ready");
      if (first === undefined) throw new MillraceError("NO_WORKER", "No worker is there that could run it.");
      return first.questions.ask(`${CALL}/${own.number}`, { ...call }, { signal });
    },
  };
}

function statusOf(worker: Worker, limits: LimitStatus | undefined): WorkerStatus {
  const { id, pid, generation, state, began, pulse } = worker;
  const { memory = 0, lag = 0, connections = 0, requests = 0 } = pulse ?? {};
  const uptime = Math.round((performance.now() - began) / 1000);
  return { id, pid, generation, state, uptime, memory, lag: Math.round(lag), connections, requests, limits };
}
