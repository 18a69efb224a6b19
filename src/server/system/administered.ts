import type { Controlled } from "../control/control.ts";
import { controlledServer } from "../control/controlled-server.ts";
import type { WebServer } from "../web-server.ts";
import type { Primary } from "../workers/primary.ts";
import type { Administered } from "./admin.ts";

/** A server as its admin listener sees it. @param now what it consists of, which is not known before it has started */
export function administered(
  server: WebServer,
  now: () => { readonly number: number; readonly primary: Primary | undefined },
): Administered {
  let controlled: Controlled | undefined;
  return {
    get state() {
      return server.state;
    },
    get workers() {
      const workers = now().primary?.workers.filter(({ state }) => state !== "draining" && state !== "gone");
      return workers && { ready: workers.filter(({ state }) => state === "ready").length, of: workers.length };
    },
    status() {
      if (server.state === "starting") return { state: server.state };
      const { number } = now();
      controlled ??= controlledServer(server, number, () => now().primary);
      return controlled.status();
    },
  };
}
