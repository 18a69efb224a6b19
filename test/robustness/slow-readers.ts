import { setTimeout as sleep } from "node:timers/promises";
import { PeakMemory } from "../support/server-process.ts";
import type { ReaderReport } from "./clients/readers.ts";
import { MIB, type Scenario } from "./scenario.ts";

/** Clients that read a large file at 1 KB a second must make the server wait, not grow. */
export const slowReaders: Scenario = {
  name: "slow-readers",
  async run(stage, size) {
    const count = size === "full" ? 1_000 : 50;
    const server = await stage.server();
    const memory = new PeakMemory(server);
    const load = stage.load<ReaderReport>("readers", { port: server.port, count, rate: 1_000 });
    await load.until(({ reading }) => reading >= count, 15_000);
    await sleep(size === "full" ? 20_000 : 2_000);
    const { reading, octets } = await load.ask();
    return [
      { what: "readers", value: reading, unit: "", atLeast: count },
      { what: "octets read by each", value: octets / count, unit: "" },
      // Of that, V8 leaves 64 MiB of buffers lying about that nobody uses any more.
      { what: "growth", value: memory.stop() / MIB, unit: "MiB", atMost: size === "full" ? 128 : 96 },
    ];
  },
};
