import { PeakMemory } from "../support/server-process.ts";
import type { FloodReport, FloodSettings } from "./clients/http2-floods.ts";
import { GoodRequests } from "./good-requests.ts";
import { ATTACKS } from "./http2-attacks.ts";
import { type Figure, MIB, type Scenario, type Stage } from "./scenario.ts";

/**
 * Floods of HTTP/2: each is told to calm down or costs no more than its octets, and none grows the server or keeps others
 * from it.
 */
export const http2Floods: Scenario = {
  name: "http2-floods",
  async run(stage, size) {
    const isFull = size === "full";
    const milliseconds = isFull ? 30_000 : 200;
    const server = await stage.server();
    const settings: FloodSettings = { port: server.port, milliseconds, connections: isFull ? 20 : 4 };
    await warm(stage, { ...settings, milliseconds: isFull ? 2_000 : 100 });
    const good = new GoodRequests(stage, server);
    const memory = new PeakMemory(server);
    const load = stage.load<FloodReport>("http2-floods", settings);
    let report = await load.ask();
    let dearest = 0;
    for (const [index, { name }] of ATTACKS.entries()) {
      const [octets, cpu] = [report.octets, server.cpu()];
      report = await load.until(({ done }) => done > index, milliseconds + 60_000);
      const [kib, spent] = [(report.octets - octets) / 1024, server.cpu() - cpu];
      const [calmed = 0, slowest = 0] = [report.calmed[name], report.slowest[name]];
      dearest = Math.max(dearest, (spent / kib) * 1_000);
      const told = `${calmed} told to calm down, ${slowest.toFixed(0)} ms at worst`;
      const p99 = `good requests, p99: ${(await good.lately()).toFixed(1)} ms`;
      console.log(`  ${name}: ${told}; ${costs(kib, spent)}; ${p99}`);
    }
    await load.stop();
    const figures = await good.figures({ answered: 100, p99: isFull ? 50 : undefined });
    const untold = ATTACKS.filter(({ name, calms }) => calms && report.calmed[name] === undefined);
    const worst = Math.max(...ATTACKS.map(({ name, calms }) => (calms ? (report.slowest[name] ?? 0) : 0)));
    for (const { name } of untold) console.log(`  nobody was told to calm down: ${name}`);
    return [
      { what: "attacks played", value: report.done, unit: "", atLeast: ATTACKS.length },
      { what: "attacks not told to calm down", value: untold.length, unit: "", atMost: 0 },
      {
        what: "until GOAWAY, at worst",
        value: worst,
        unit: "ms",
        ...(isFull ? { atMost: 1_000 } : {}),
      } satisfies Figure,
      // A KiB of ordinary requests costs some 300.
      { what: "processor time for a KiB, at worst", value: dearest, unit: "µs", atMost: 6_000 },
      ...figures,
      { what: "growth of memory, at worst", value: memory.stop() / MIB, unit: "MiB", atMost: isFull ? 128 : 192 },
      { what: "growth of memory", value: (server.rss() - memory.start) / MIB, unit: "MiB", atMost: isFull ? 64 : 128 },
    ];
  },
};

/** What a server needs for the first of each kind, it needs once. */
async function warm(stage: Stage, settings: FloodSettings): Promise<void> {
  const load = stage.load<FloodReport>("http2-floods", settings);
  await load.until(({ done }) => done === ATTACKS.length, ATTACKS.length * settings.milliseconds + 60_000);
  await load.stop();
}

function costs(kib: number, milliseconds: number): string {
  const each = ((milliseconds / kib) * 1_000).toFixed(0);
  return `${(kib / 1024).toFixed(1)} MiB, ${(milliseconds / 1_000).toFixed(1)} s of processor time, ${each} µs a KiB`;
}
