import { setTimeout as sleep } from "node:timers/promises";
import type { IdleReport } from "./clients/idle.ts";
import type { Figure, Scenario } from "./scenario.ts";

/** More clients than file descriptors: most wait or are refused, nothing dies, and it is over when they have gone. */
export const descriptors: Scenario = {
  name: "descriptors",
  async run(stage, size) {
    const limit = size === "full" ? 256 : 160;
    const clients = limit * 4;
    const server = await stage.server({}, limit);
    const load = stage.load<IdleReport>("idle", { port: server.port, count: clients });
    await load.until(({ answered, done }) => done || answered >= limit / 2, 10_000);
    await sleep(2_000);
    const { answered } = await load.ask();
    const figures: Figure[] = [
      { what: "clients", value: clients, unit: "" },
      { what: "served meanwhile", value: answered, unit: "", atLeast: limit / 2 },
      { what: "alive", value: server.running ? 1 : 0, unit: "", atLeast: 1 },
    ];
    await load.stop();
    const begin = performance.now();
    const status = await fetch(`${server.url}/small.txt`, { signal: AbortSignal.timeout(10_000) }).then(
      (response) => response.status,
      () => 0,
    );
    return [
      ...figures,
      { what: "status when they have gone", value: status, unit: "", atLeast: 200, atMost: 200 },
      { what: "recovered after", value: performance.now() - begin, unit: "ms", atMost: 1_000 },
    ];
  },
};
