import type { RequestReport } from "./clients/requests.ts";
import { MIB, type Scenario, type Stage } from "./scenario.ts";
import type { ServerProcess } from "../support/server-process.ts";

/** Many ordinary requests leave nothing behind. */
export const growth: Scenario = {
  name: "growth",
  async run(stage, size) {
    const count = size === "full" ? 200_000 : 10_000;
    const server = await stage.server();
    await ask(stage, server, count / 5);
    const before = await server.vitals();
    const { answered, failed } = await ask(stage, server, count);
    const after = await server.vitals();
    return [
      { what: "requests answered", value: answered, unit: "", atLeast: count },
      { what: "requests failed", value: failed, unit: "", atMost: 0 },
      { what: "growth of the heap", value: (after.heapUsed - before.heapUsed) / MIB, unit: "MiB", atMost: 1 },
      { what: "growth beside the heap", value: (after.external - before.external) / MIB, unit: "MiB", atMost: 1 },
    ];
  },
};

async function ask(stage: Stage, { port }: ServerProcess, count: number): Promise<RequestReport> {
  const load = stage.load<RequestReport>("requests", { port, count });
  const report = await load.until(({ answered, failed }) => answered + failed >= count, 120_000);
  await load.stop();
  return report;
}
