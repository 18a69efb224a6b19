import type { MalformedReport } from "./clients/malformed.ts";
import { GoodRequests } from "./good-requests.ts";
import { MIB, type Scenario } from "./scenario.ts";

/** Random malformed requests beside good ones: nothing crashes, nothing grows. */
export const malformed: Scenario = {
  name: "malformed",
  async run(stage, size) {
    const count = size === "full" ? 100_000 : 2_000;
    const warm = size === "full" ? 40_000 : 1_000;
    const server = await stage.server();
    const { port } = server;
    const patience = size === "full" ? 300_000 : 30_000;
    const first = stage.load<MalformedReport>("malformed", { port, count: warm, seed: 1 });
    await first.until(({ done }) => done === warm, patience);
    await first.stop();
    const good = new GoodRequests(stage, server);
    const before = await server.vitals();
    const rss = server.rss();
    const load = stage.load<MalformedReport>("malformed", { port, count, seed: 2 });
    const { done, statuses } = await load.until(({ done }) => done === count, patience);
    await load.stop();
    const figures = await good.figures({ answered: 100, p99: size === "full" ? 20 : undefined });
    const after = await server.vitals();
    console.log(`  answers by status: ${JSON.stringify(statuses)}`);
    return [
      { what: "connections", value: done, unit: "", atLeast: count },
      ...figures,
      { what: "growth of the heap", value: (after.heapUsed - before.heapUsed) / MIB, unit: "MiB", atMost: 2 },
      {
        what: "growth of memory",
        value: (server.rss() / rss - 1) * 100,
        unit: "%",
        ...(size === "full" ? { atMost: 10 } : {}),
      },
    ];
  },
};
