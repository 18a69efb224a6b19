import type { FloodReport } from "./clients/http2-floods.ts";
import { GoodRequests } from "./good-requests.ts";
import { type Figure, MIB, type Scenario } from "./scenario.ts";

/** Attacks of HTTP/2 that `clients/http2-floods.ts` knows. */
const ATTACKS = 9;

/** Floods of HTTP/2: each is told to calm down, and neither grows the server nor keeps others from it. */
export const http2Floods: Scenario = {
  name: "http2-floods",
  async run(stage, size) {
    const milliseconds = size === "full" ? 30_000 : 300;
    const server = await stage.server();
    const good = new GoodRequests(stage, server);
    const before = server.rss();
    const settings = { port: server.port, milliseconds, connections: size === "full" ? 20 : 4 };
    const load = stage.load<FloodReport>("http2-floods", settings);
    const { done, calmed, slowest } = await load.until(
      (report) => report.done === ATTACKS,
      ATTACKS * milliseconds + 60_000,
    );
    await load.stop();
    const figures = await good.figures({ answered: 100, p99: size === "full" ? 50 : undefined });
    const worst = Math.max(...Object.values(slowest));
    console.log(`  told to calm down: ${JSON.stringify(calmed)}`);
    return [
      { what: "attacks played", value: done, unit: "", atLeast: ATTACKS },
      { what: "attacks told to calm down", value: Object.keys(calmed).length, unit: "", atLeast: ATTACKS },
      {
        what: "until GOAWAY, at worst",
        value: worst,
        unit: "ms",
        ...(size === "full" ? { atMost: 1_000 } : {}),
      } satisfies Figure,
      ...figures,
      {
        what: "growth of memory",
        value: (server.rss() - before) / MIB,
        unit: "MiB",
        atMost: size === "full" ? 64 : 128,
      },
    ];
  },
};
