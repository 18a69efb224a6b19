import { PeakMemory } from "../support/server-process.ts";
import type { HoldReport, HoldSettings } from "./clients/http2-holds.ts";
import { GoodRequests } from "./good-requests.ts";
import { MIB, type Scenario } from "./scenario.ts";

/** Ways that `clients/http2-holds.ts` knows. */
const WAYS = 5;

/** Clients of HTTP/2 that hold what they asked for: it is bounded, and they are gone when their time is over. */
export const http2Holds: Scenario = {
  name: "http2-holds",
  async run(stage, size) {
    const isFull = size === "full";
    // Handlers and idle connections have less time than by default, so that none of the ways lasts longer than a write.
    const timeouts = isFull
      ? { handler: 20_000, idle: 5_000 }
      : { handler: 2_000, idle: 500, write: 3_000, grace: 1_000, linger: 200 };
    const patience = isFull ? 50_000 : 15_000;
    const server = await stage.server({ timeouts });
    const good = new GoodRequests(stage, server);
    const memory = new PeakMemory(server);
    const settings: HoldSettings = { port: server.port, connections: isFull ? 16 : 3, pause: isFull ? 1_000 : 100 };
    const load = stage.load<HoldReport>("http2-holds", settings);
    const wanted = settings.connections * WAYS;
    await load.until(({ opened }) => opened === wanted, 20_000);
    const leftIn = ({ left }: HoldReport): number => Object.values(left).reduce((sum, count) => sum + count, 0);
    const report = await load.until((each) => each.opened === wanted && leftIn(each) === 0, patience + 5_000);
    await load.stop();
    console.log(`  left: ${JSON.stringify(report.left)}`);
    return [
      { what: "connections", value: report.opened, unit: "", atLeast: wanted },
      { what: "connections left", value: leftIn(report), unit: "", atMost: 0 },
      { what: "life of the oldest", value: report.oldest / 1_000, unit: "s", atMost: patience / 1_000 },
      ...(await good.figures({ answered: 100, p99: isFull ? 50 : undefined })),
      { what: "octets that they sent", value: report.octets / 1_024, unit: "KiB" },
      // Three ways hold up to a MiB a connection (48), one 100 heads of 15 KiB (24); the rest is what a new server grows by.
      { what: "growth of memory, at worst", value: memory.stop() / MIB, unit: "MiB", atMost: isFull ? 192 : 128 },
    ];
  },
};
