import { setTimeout as sleep } from "node:timers/promises";
import { PeakMemory } from "../support/server-process.ts";
import type { DripperReport, DripperSettings } from "./clients/drippers.ts";
import { GoodRequests } from "./good-requests.ts";
import type { Figure, Scenario, Stage } from "./scenario.ts";

/** Heads, contents and readers that drip: the server must serve others as ever and get rid of them. */
export const slowloris: Scenario = {
  name: "slowloris",
  async run(stage, size) {
    return size === "full" ? full(stage) : light(stage);
  },
};

async function full(stage: Stage): Promise<Figure[]> {
  const server = await stage.server();
  return attack(
    stage,
    server,
    { heads: 5_000, contents: 2_000, readers: 2_000, pause: 1_000, perSecond: 600 },
    45_000,
    5,
  );
}

/** The same with deadlines a tenth as long. */
async function light(stage: Stage): Promise<Figure[]> {
  const timeouts = { head: 1_000, body: 3_000, write: 3_000, grace: 1_000, linger: 200 };
  const server = await stage.server({ timeouts });
  return attack(stage, server, { heads: 100, contents: 60, readers: 60, pause: 100, perSecond: 400 }, 6_000, undefined);
}

async function attack(
  stage: Stage,
  server: Awaited<ReturnType<Stage["server"]>>,
  kinds: Omit<DripperSettings, "port">,
  patience: number,
  p99: number | undefined,
): Promise<Figure[]> {
  const good = new GoodRequests(stage, server);
  await sleep(500);
  const memory = new PeakMemory(server);
  const load = stage.load<DripperReport>("drippers", { port: server.port, ...kinds });
  const wanted = kinds.heads + kinds.contents + kinds.readers;
  const all = await load.until(({ opened, refused }) => opened + refused >= wanted, 60_000);
  const perConnection = memory.stop() / 1024 / all.opened;
  const end = await load.until(({ heads, contents, readers }) => heads + contents + readers === 0, patience + 5_000);
  return [
    { what: "drippers opened", value: end.opened, unit: "", atLeast: wanted },
    { what: "memory a dripper", value: perConnection, unit: "KiB" },
    { what: "drippers left", value: end.heads + end.contents + end.readers, unit: "", atMost: 0 },
    { what: "life of the oldest", value: end.oldest / 1_000, unit: "s", atMost: patience / 1_000 },
    ...(await good.figures({ answered: 99.9, p99 })),
  ];
}
