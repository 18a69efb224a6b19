import { setTimeout as sleep } from "node:timers/promises";
import type { IdleReport } from "./clients/idle.ts";
import type { Scenario } from "./scenario.ts";

/** Connections that are kept after one GET must cost next to nothing. */
export const idle: Scenario = {
  name: "idle",
  async run(stage, size) {
    const count = size === "full" ? 10_000 : 500;
    const server = await stage.server();
    const before = server.rss();
    const load = stage.load<IdleReport>("idle", { port: server.port, count });
    await load.until(({ done }) => done, 30_000);
    await sleep(1_000);
    const { answered, open } = await load.ask();
    const grown = (server.rss() - before) / 1024;
    return [
      { what: "connections answered", value: answered, unit: "", atLeast: count },
      { what: "connections open", value: open, unit: "", atLeast: count },
      // A few connections say more about the start of a process than about connections.
      { what: "memory a connection", value: grown / count, unit: "KiB", ...(size === "full" ? { atMost: 6 } : {}) },
    ];
  },
};
