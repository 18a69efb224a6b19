import { setTimeout as sleep } from "node:timers/promises";
import type { ServerProcess, Vitals } from "../support/server-process.ts";
import type { ResetReport } from "./clients/resets.ts";
import { MIB, type Scenario, type Stage } from "./scenario.ts";

/** Connections that break off anywhere leave no handle, no timer and no descriptor. */
export const resets: Scenario = {
  name: "resets",
  async run(stage, size) {
    const count = size === "full" ? 50_000 : 2_000;
    const server = await stage.server();
    await breakOff(stage, server, 500, 1);
    const before = await settled(server);
    const descriptors = server.descriptors();
    const { done } = await breakOff(stage, server, count, 2);
    const after = await settled(server);
    return [
      { what: "connections broken off", value: done, unit: "", atLeast: count },
      { what: "handles over baseline", value: handles(after) - handles(before), unit: "", atMost: 0 },
      { what: "descriptors over baseline", value: server.descriptors() - descriptors, unit: "", atMost: 0 },
      { what: "streams left", value: after.streaming, unit: "", atMost: 0 },
      { what: "growth of the heap", value: (after.heapUsed - before.heapUsed) / MIB, unit: "MiB", atMost: 2 },
    ];
  },
};

async function breakOff(stage: Stage, { port }: ServerProcess, count: number, seed: number): Promise<ResetReport> {
  const load = stage.load<ResetReport>("resets", { port, count, seed });
  const report = await load.until(({ done }) => done === count, 180_000);
  await load.stop();
  return report;
}

/** What is left once the server has had a moment to notice that they have gone. */
async function settled(server: ServerProcess): Promise<Vitals> {
  await sleep(1_500);
  return server.vitals();
}

function handles({ resources }: Vitals): number {
  return Object.values(resources).reduce((sum, count) => sum + count, 0);
}
