import type { Controlled } from "../control/control.ts";
import { controlledServer } from "../control/controlled-server.ts";
import type { WebServer } from "../web-server.ts";
import type { ServerWorkers } from "../workers/server-workers.ts";
import type { Administered } from "./admin.ts";

/** A server as its admin listener sees it. */
export function administered(server: WebServer, workers: ServerWorkers): Administered {
  let controlled: Controlled | undefined;
  return {
    get state() {
      return server.state;
    },
    get workers() {
      const some = workers.primary?.workers.filter(({ state }) => state !== "draining" && state !== "gone");
      return some && { ready: some.filter(({ state }) => state === "ready").length, of: some.length };
    },
    status() {
      if (server.state === "starting") return { state: server.state };
      controlled ??= controlledServer(server, workers);
      return controlled.status();
    },
  };
}
